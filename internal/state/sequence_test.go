package state

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestSerial inspects columns that use sequences. One that isn't exactly a serial column refers to its sequence.
func TestSerial(t *testing.T) {
	for name, tt := range map[string]struct{ sql, want string }{
		"smallserial":            {`CREATE TABLE t (c smallserial)`, "smallserial"},
		"serial":                 {`CREATE TABLE t (c serial)`, "serial"},
		"bigserial":              {`CREATE TABLE t (c bigserial)`, "bigserial"},
		"made by hand":           {`CREATE SEQUENCE t_c_seq AS int; CREATE TABLE t (c int NOT NULL DEFAULT nextval('t_c_seq')); ALTER SEQUENCE t_c_seq OWNED BY t.c`, "serial"},
		"with another":           {`CREATE TABLE t (c bigserial); CREATE SEQUENCE a OWNED BY t.c; CREATE SEQUENCE z OWNED BY t.c`, "bigserial"},
		"with options":           {`CREATE TABLE t (c serial); ALTER SEQUENCE t_c_seq INCREMENT BY 2 MINVALUE -5 MAXVALUE 70 CACHE 9 CYCLE`, "serial"},
		"drawn from by others":   {`CREATE TABLE t (c serial); CREATE TABLE u (n int DEFAULT nextval('t_c_seq'))`, "serial"},
		"numbered name":          {`CREATE TABLE t_c (d serial); CREATE TABLE t (c_d serial)`, "serial"},
		"partitioned":            {`CREATE TABLE t (c serial) PARTITION BY LIST (c); CREATE TABLE t1 PARTITION OF t DEFAULT`, "serial"},
		"quoted":                 {`CREATE TABLE "T x" ("C" serial)`, "serial"},
		"of another schema":      {`CREATE SCHEMA app; CREATE TABLE app.t (c serial)`, "serial"},
		"owned by nobody":        {`CREATE TABLE t (c serial); ALTER SEQUENCE t_c_seq OWNED BY NONE`, "t_c_seq"},
		"owned by another":       {`CREATE TABLE t (c serial, n int); ALTER SEQUENCE t_c_seq OWNED BY t.n`, "t_c_seq"},
		"another's":              {`CREATE TABLE u (id serial); CREATE TABLE t (c int NOT NULL DEFAULT nextval('u_id_seq'))`, "u_id_seq"},
		"of a smaller type":      {`CREATE TABLE t (c serial); ALTER TABLE t ALTER c TYPE bigint`, "t_c_seq"},
		"of a larger type":       {`CREATE TABLE t (c serial); ALTER SEQUENCE t_c_seq AS bigint`, "t_c_seq"},
		"of another name":        {`CREATE TABLE t (c serial); ALTER SEQUENCE t_c_seq RENAME TO s`, "s"},
		"of another's name":      {`CREATE TABLE t0 (c serial); ALTER TABLE t0 RENAME TO t`, "t0_c_seq"},
		"a number for no reason": {`CREATE TABLE t (c serial); ALTER SEQUENCE t_c_seq RENAME TO t_c_seq1; CREATE SEQUENCE t_c_seq`, "t_c_seq1"},
		"NULL":                   {`CREATE TABLE t (c serial); ALTER TABLE t ALTER c DROP NOT NULL`, "t_c_seq"},
		"computed":               {`CREATE TABLE t (c serial); ALTER TABLE t ALTER c SET DEFAULT nextval('t_c_seq') * 2`, "t_c_seq"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			db.Exec(tt.sql)
			hcl, err := Inspect(t.Context(), db.Conn().Config(), catalog.Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			serial := strings.HasSuffix(tt.want, "serial")
			want := "type = " + tt.want + "\n"
			if !serial {
				want = "nextval('public." + tt.want + "'::regclass)"
			}
			if !strings.Contains(string(hcl), want) || !serial && strings.Contains(string(hcl), "\"c\" {\n    null = false\n    type = serial") {
				t.Errorf("no %q in\n%s", want, hcl)
			}
		})
	}
}

// TestSerialName creates serial columns with table and column names of every length.
func TestSerialName(t *testing.T) {
	db := pgtest.New(t)
	conn := db.Conn()
	random := rand.New(rand.NewPCG(1, 2))
	name := func() string {
		var b strings.Builder
		for n := 1 + random.IntN(63); b.Len() < n; {
			letter := []string{"a", "B", "_", " ", "'", `.`, "é", "語", "🙂"}[random.IntN(9)]
			if b.Len()+len(letter) > 63 {
				break
			}
			b.WriteString(letter)
		}
		return b.String()
	}
	for range 200 {
		table, column := name(), name()
		db.Exec(fmt.Sprintf("CREATE TABLE %s (%s serial)", pgsql.Ident(table), pgsql.Ident(column)))
		var got string
		err := conn.QueryRow(t.Context(), "SELECT relname FROM pg_class WHERE oid = pg_get_serial_sequence($1, $2)::regclass", pgsql.Ident(table), column).Scan(&got)
		if err != nil {
			t.Fatal(err)
		}
		if want := pgsql.ObjectName(table, column, "seq"); got != want {
			t.Errorf("ObjectName(%q, %q) = %q, PostgreSQL says %q", table, column, want, got)
		}
		c, err := catalog.Read(t.Context(), conn, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if s := Sequences(c)[pgsql.QualifiedIdent("public", got)]; s == nil || !s.Serial || s.Relation() != got || s.Schema() != "public" {
			t.Errorf("%q isn't serial: %+v", got, s)
		}
		db.Exec("DROP TABLE " + pgsql.Ident(table))
	}
}
