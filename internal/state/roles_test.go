package state

import (
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// Several states of one server may need the same missing role at the same time.
func TestMissingRoleAtOnce(t *testing.T) {
	srv := pgtest.Server(t)
	var g errgroup.Group
	for range 4 {
		s, err := New(t.Context(), srv, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		g.Go(func() error {
			for i := range 25 {
				stmts, err := pgsql.Split(fmt.Sprintf(`CREATE TABLE t%d (); GRANT SELECT ON t%[1]d TO "at once %[1]d"`, i))
				if err == nil {
					err = s.Run(t.Context(), stmts, false, "test.sql")
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// A block that names a missing role runs again, in the session that the statements before it have set up.
func TestMissingRoleInABlock(t *testing.T) {
	s, err := New(t.Context(), pgtest.Server(t), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	stmts, err := pgsql.Split(`CREATE SCHEMA app; SET search_path = app; BEGIN; CREATE TABLE t (); GRANT SELECT ON t TO "in a block"; COMMIT; CREATE TABLE u ()`)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), stmts, true, "test.sql"); err != nil {
		t.Fatal(err)
	}
	var tables string
	if err := s.db.run.Conn.QueryRow(t.Context(), "SELECT string_agg(tablename, ' ' ORDER BY 1) FROM pg_tables WHERE schemaname = 'app'").Scan(&tables); err != nil || tables != "t u" {
		t.Errorf("app has the tables %q, %v", tables, err)
	}
}
