package migrator_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// A revision id may be as long as alembic_version's column is wide.
func TestLongRevisions(t *testing.T) {
	id := strings.Repeat("add_a_", 6) + "table" // 41 characters
	d := dir(t, shop[0], file{"20240102000000_long.sql", "-- alembic:revision " + id + "\n\nCREATE TABLE a (id int);\n", "DROP TABLE a;\n"})
	const narrow = `CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))`
	t.Run("as Alembic creates it", func(t *testing.T) {
		b := setup(t, d)
		b.db.Exec(narrow)
		b.mustApply(migrator.Options{N: 1})
		before := b.everything()
		var long *revision.LengthError
		refused := func(what string, err error) {
			t.Helper()
			if !errors.As(err, &long) || long.ID != id || long.Width != 32 {
				t.Errorf("%s gave %v", what, err)
			}
			b.same(before)
		}
		_, err := b.apply(migrator.Options{})
		refused("apply", err)
		if want := `the revision id "` + id + `" has 41 characters, but public.alembic_version.version_num holds 32: change that column's type to varchar(255) first`; err.Error() != want {
			t.Errorf("apply gave %v", err)
		}
		_, err = b.apply(migrator.Options{DryRun: true})
		refused("apply -dryrun", err)
		_, err = b.m().Stamp(t.Context(), migrator.StampOptions{To: "head", Yes: true})
		refused("stamp", err)
		st := b.status()
		if len(st.Problems) != 1 || st.Problems[0].Kind != revision.TooLong || st.Clean() {
			t.Errorf("status shows %v", st.Problems)
		}
		// As the message says.
		b.db.Exec(`ALTER TABLE alembic_version ALTER version_num TYPE varchar(255)`)
		b.mustApply(migrator.Options{})
		if got := b.alembic(); got != id {
			t.Errorf("alembic_version holds %s", got)
		}
		if st := b.status(); !st.Clean() {
			t.Errorf("status shows %v", st.Problems)
		}
		if _, err := b.down(migrator.Options{}); err != nil {
			t.Error(err)
		}
	})
	for name, column := range map[string]string{"text": "text", "varchar": "varchar", "just wide enough": "varchar(41)"} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, d)
			b.db.Exec(strings.Replace(narrow, "varchar(32)", column, 1))
			b.mustApply(migrator.Options{})
			if got := b.alembic(); got != id {
				t.Errorf("alembic_version holds %s", got)
			}
		})
	}
	t.Run("created", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{})
		if got := b.alembic(); got != id {
			t.Errorf("alembic_version holds %s", got)
		}
	})
	t.Run("created by a script", func(t *testing.T) {
		b := setup(t, d)
		res, err := b.apply(migrator.Options{DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := b.psql(res.Script); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if got := b.alembic(); got != id {
			t.Errorf("alembic_version holds %s", got)
		}
	})
}
