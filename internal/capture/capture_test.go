package capture_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/capture"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// listen starts a proxy for the database.
func listen(t *testing.T, db *pgtest.DB) *capture.Proxy {
	t.Helper()
	cfg, err := pgx.ParseConfig(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	p, err := capture.Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// client connects through the proxy.
func client(t *testing.T, p *capture.Proxy) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), p.URL().String())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// show returns what was recorded, a line for each statement: its transaction, counted from 1, and its script.
func show(t *testing.T, db *pgtest.DB, rec *capture.Recording) string {
	t.Helper()
	var b strings.Builder
	txs := map[int]int{0: 0}
	for _, s := range rec.Statements {
		if _, ok := txs[s.Tx]; !ok {
			txs[s.Tx] = len(txs)
		}
		if s.Undone {
			fmt.Fprintf(&b, "%d undone: %s\n", txs[s.Tx], s.SQL)
			continue
		}
		list, err := s.Script(context.Background(), db.Conn())
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range list {
			fmt.Fprintf(&b, "%d: %s\n", txs[s.Tx], text)
		}
	}
	if rec.Failed != nil {
		fmt.Fprintf(&b, "failed: %s: %s\n", rec.Failed.SQL, rec.Failed.Err.Message)
	}
	for _, sql := range rec.Running {
		fmt.Fprintf(&b, "running: %s\n", sql)
	}
	if rec.Refused != "" {
		fmt.Fprintf(&b, "refused: %s\n", rec.Refused)
	}
	return b.String()
}

// TestTransactions sends queries of the simple protocol, each line one.
func TestTransactions(t *testing.T) {
	for name, test := range map[string]struct{ queries, want string }{
		"outside":       {"SELECT 1\nCREATE TABLE a (i int)", "0: SELECT 1\n0: CREATE TABLE a (i int)\n"},
		"block":         {"BEGIN\nCREATE TABLE a (i int)\n/* two */ SELECT 1; SELECT 2 -- end\nCOMMIT", "1: CREATE TABLE a (i int)\n1: SELECT 1\n1: SELECT 2\n"},
		"rolled back":   {"START TRANSACTION\nSELECT 1\nABORT\nBEGIN\nSELECT 2\nROLLBACK WORK\nSELECT 3", "1 undone: SELECT 1\n2 undone: SELECT 2\n0: SELECT 3\n"},
		"not committed": {"BEGIN\nSELECT 1", "1 undone: SELECT 1\n"},
		"savepoints": {"BEGIN\nSELECT 1\nSAVEPOINT \"A b\"\nSELECT 2\nSAVEPOINT c\nSELECT 3\nRELEASE c\nSELECT 4\nROLLBACK TO SAVEPOINT \"A b\"\n" +
			"SELECT 5\nRELEASE SAVEPOINT \"A b\"\nCOMMIT", "1: SELECT 1\n1 undone: SELECT 2\n1 undone: SELECT 3\n1 undone: SELECT 4\n1: SELECT 5\n"},
		"an error in a savepoint": {"BEGIN\nSELECT 1\nSAVEPOINT s\nSELECT 2\nSELECT nope\nROLLBACK TRANSACTION TO s\nSELECT 3\nCOMMIT",
			"1: SELECT 1\n1 undone: SELECT 2\n1: SELECT 3\nfailed: SELECT nope: column \"nope\" does not exist\n"},
		"a failed block": {"BEGIN\nSELECT 1\nSELECT nope\nCOMMIT\nSELECT 2", "1 undone: SELECT 1\n0: SELECT 2\nfailed: SELECT nope: column \"nope\" does not exist\n"},
		"a failed commit": {"CREATE TABLE a (i int UNIQUE DEFERRABLE INITIALLY DEFERRED)\nBEGIN\nINSERT INTO a VALUES (1), (1)\nCOMMIT\nSELECT 1",
			"0: CREATE TABLE a (i int UNIQUE DEFERRABLE INITIALLY DEFERRED)\n1 undone: INSERT INTO a VALUES (1), (1)\n0: SELECT 1\n" +
				"failed: COMMIT: duplicate key value violates unique constraint \"a_i_key\"\n"},
		"one query is a transaction": {"SELECT 1; SELECT 2\nSELECT 3; SELECT nope; SELECT 4\nSELECT 5",
			"1: SELECT 1\n1: SELECT 2\n2 undone: SELECT 3\n0: SELECT 5\nfailed: SELECT nope: column \"nope\" does not exist\n"},
		"a block in a query": {"SELECT 1; BEGIN; SELECT 2; COMMIT; SELECT 3; SELECT nope", "1: SELECT 1\n1: SELECT 2\n2 undone: SELECT 3\nfailed: SELECT nope: column \"nope\" does not exist\n"},
		"chained":            {"BEGIN\nSELECT 1\nCOMMIT AND CHAIN\nSELECT 2\nROLLBACK AND CHAIN\nSELECT 3\nCOMMIT AND NO CHAIN\nSELECT 4", "1: SELECT 1\n2 undone: SELECT 2\n3: SELECT 3\n0: SELECT 4\n"},
		"commits by itself":  {"DO $$BEGIN PERFORM 1; COMMIT; END$$", "0: DO $$BEGIN PERFORM 1; COMMIT; END$$\n"},
		"refused":            {"SET client_encoding = 'LATIN1'", "0: SET client_encoding = 'LATIN1'\nrefused: statements with client_encoding = LATIN1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			p := listen(t, db)
			conn := client(t, p)
			for _, q := range strings.Split(test.queries, "\n") {
				_, _ = conn.PgConn().Exec(context.Background(), q).ReadAll() // what failed is recorded
			}
			conn.Close(context.Background())
			if diff := cmp.Diff(test.want, show(t, db, p.Take(context.Background()))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestParameters uses the extended protocol, whose parameters have types and are in text or binary.
func TestParameters(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(`CREATE TYPE mood AS ENUM ('ok', 'it''s bad'); CREATE TABLE t (i int, s text, n numeric, b bytea, at timestamptz, m mood, l int[])`)
	p := listen(t, db)
	ctx := context.Background()
	conn := client(t, p)
	for _, exec := range []struct {
		sql  string
		args []any
	}{
		{"INSERT INTO t (i, s, n, b, at, m, l) VALUES ($1, $2, $3, $4, $5, $6, $7);", []any{-7, `it's \`, "1.50", []byte{0, 255}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "it's bad", []int{1, 2}}},
		{"UPDATE t SET s = $1 WHERE l = ARRAY[$2::int] OR i = ($3::int[])[1]", []any{nil, 2, []int{5}}},
		{"SELECT nope($1)", []any{1}},
	} {
		_, err := conn.Exec(ctx, exec.sql, append([]any{pgx.QueryExecModeExec}, exec.args...)...)
		if err != nil && !strings.Contains(exec.sql, "nope") {
			t.Fatal(err)
		}
	}
	// Binary.
	sd, err := conn.Prepare(ctx, "s", "INSERT INTO t (i, s, n, at, l) SELECT $1, $2, $3, $4, $5")
	if err != nil {
		t.Fatal(err)
	}
	batch := &pgx.Batch{}
	batch.Queue(sd.SQL, 1, "x", "0.1", time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), []int{3, -4})
	batch.Queue(sd.SQL, 2, nil, nil, nil, nil)
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		t.Fatal(err)
	}
	conn.Close(ctx)
	const want = `0: INSERT INTO t (i, s, n, b, at, m, l) VALUES ('-7', E'it''s \\', '1.50', E'\\x00ff', '2026-01-02 03:04:05Z', 'it''s bad', '{1,2}')
0: UPDATE t SET s = NULL WHERE l = ARRAY['2'::int] OR i = ('{5}'::int[])[1]
1: INSERT INTO t (i, s, n, at, l) SELECT '1'::integer, 'x', '0.1', '2026-01-02 03:04:05.000006+00'::timestamp with time zone, '{3,-4}'::integer[]
1: INSERT INTO t (i, s, n, at, l) SELECT '2'::integer, NULL, NULL::numeric, NULL::timestamp with time zone, NULL::integer[]
failed: SELECT nope($1): function nope(unknown) does not exist
`
	if diff := cmp.Diff(want, show(t, db, p.Take(ctx))); diff != "" {
		t.Error(diff)
	}
}

// A COPY of any format becomes INSERTs.
func TestCopy(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(`CREATE TABLE "T t" (i int, s text, twice int GENERATED ALWAYS AS (i * 2) STORED, "N n" numeric)`)
	p := listen(t, db)
	ctx := context.Background()
	conn := client(t, p)
	for _, c := range []struct{ sql, data string }{
		{`COPY "T t" FROM STDIN`, "1\ta\\tb\t\\N\n2\t\t1.50\n"},
		{`COPY "T t" ("N n", s) FROM STDIN WITH (FORMAT csv, HEADER, NULL 'none')`, "n,s\nnone,\"it's, \"\"x\"\"\"\n"},
		{`COPY "T t" (s) FROM STDIN`, ""},
		{`COPY "T t" (nope) FROM STDIN`, ""},
	} {
		if _, err := conn.PgConn().CopyFrom(ctx, strings.NewReader(c.data), c.sql); err != nil && !strings.Contains(c.sql, "nope") {
			t.Fatal(err)
		}
	}
	many := make([][]any, 101)
	for i := range many {
		many[i] = []any{i}
	}
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"T t"}, []string{"i"}, pgx.CopyFromRows(many)); err != nil { // binary
		t.Fatal(err)
	}
	conn.Close(ctx)
	got := show(t, db, p.Take(ctx))
	var rows strings.Builder
	for i := range many {
		switch i {
		case 0:
		case 100:
			rows.WriteString("\n0: INSERT INTO \"T t\" (i) VALUES")
		default:
			rows.WriteString(",")
		}
		fmt.Fprintf(&rows, "\n    ('%d')", i)
	}
	want := `0: INSERT INTO "T t" (i, s, "N n") VALUES
    ('1', 'a	b', NULL),
    ('2', '', '1.50')
0: INSERT INTO "T t" ("N n", s) VALUES
    (NULL, 'it''s, "x"')
0: INSERT INTO "T t" (i) VALUES` + rows.String() + `
failed: COPY "T t" (nope) FROM STDIN: column "nope" of relation "T t" does not exist
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Who doesn't know the password isn't let in, and a client that hangs is cut off.
func TestClients(t *testing.T) {
	db := pgtest.New(t)
	p := listen(t, db)
	ctx := context.Background()
	u := p.URL()
	u.User = url.UserPassword(u.User.Username(), "x")
	if _, err := pgx.Connect(ctx, u.String()); err == nil || !strings.Contains(err.Error(), "the password is wrong") {
		t.Errorf("a wrong password: %v", err)
	}
	if rec := p.Take(ctx); rec.Connected {
		t.Error("it counts as connected")
	}
	if _, err := pgx.Connect(ctx, p.URL().String()+"?search_path=public&nope=1"); err == nil || !strings.Contains(err.Error(), `unrecognized configuration parameter "nope"`) {
		t.Errorf("a wrong parameter: %v", err)
	}
	set, err := pgx.Connect(ctx, p.URL().String()+"?search_path=a,%20b&options=-c%20work_mem%3D7MB%20--lock-timeout%3D1s%20-cmy.x%3Da%5C%20b")
	if err != nil {
		t.Fatal(err)
	}
	set.Close(ctx)
	const settings = "0: SELECT pg_catalog.set_config('work_mem', '7MB', false)\n0: SELECT pg_catalog.set_config('lock_timeout', '1s', false)\n" +
		"0: SELECT pg_catalog.set_config('my.x', 'a b', false)\n0: SELECT pg_catalog.set_config('search_path', 'a, b', false)\n"
	if diff := cmp.Diff(settings, show(t, db, p.Take(ctx))); diff != "" {
		t.Error(diff)
	}
	conn := client(t, p)
	go func() { _, _ = conn.Exec(ctx, "SELECT 1; SELECT pg_sleep(60)", pgx.QueryExecModeSimpleProtocol) }()
	for {
		var running bool
		if err := db.Conn().QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active')").Scan(&running); err != nil {
			t.Fatal(err)
		}
		if running {
			break
		}
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if diff := cmp.Diff("running: SELECT 1; SELECT pg_sleep(60)\n", show(t, db, p.Take(short))); diff != "" {
		t.Error(diff)
	}
}
