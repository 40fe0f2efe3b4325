package bench

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// alembicEnv is Alembic's env.py with a transaction for each migration, as in Ibutsu.
const alembicEnv = `import os
from alembic import context
from sqlalchemy import create_engine
with create_engine(os.environ["ALEMBIC_URL"]).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
`

// alembicRevision runs a migration's statements through Alembic.
const alembicRevision = `import contextlib
from alembic import op
revision = %q
down_revision = %s
statements = %s
def upgrade():
    with %s:
        for s in statements:
            op.get_bind().exec_driver_sql(s.replace("%%", "%%%%"))
`

// alembicDir makes a script directory for Debian's Alembic from the statements that apply runs. ok is false if Alembic
// isn't installed.
func alembicDir(b *testing.B, root string) (dir string, ok bool) {
	b.Helper()
	if _, err := exec.LookPath("alembic"); err != nil {
		b.Log("alembic isn't installed, so there is nothing to compare with (apt-get install alembic python3-psycopg2)")
		return "", false
	}
	migrations, err := migration.Read(os.DirFS(filepath.Join(root, "migrations")))
	if err != nil {
		b.Fatal(err)
	}
	dir = b.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "scripts", "versions"), 0o755); err != nil {
		b.Fatal(err)
	}
	write("alembic.ini", "[alembic]\nscript_location = scripts\n")
	write("scripts/env.py", alembicEnv)
	down := "None"
	for _, f := range migrations.Files() {
		block := "contextlib.nullcontext()"
		if f.TxNone {
			block = "op.get_context().autocommit_block()"
		}
		statements := "["
		for _, s := range f.Stmts {
			statements += fmt.Sprintf("%q, ", s.Text) // Go's and Python's quoting agree on these texts
		}
		write("scripts/versions/"+f.Revision+".py", fmt.Sprintf(alembicRevision, f.Revision, down, statements+"]", block))
		down = fmt.Sprintf("%q", f.Revision)
	}
	return dir, true
}

// alembic runs `alembic upgrade head`.
func alembic(s *setup, dir, dbURL string) time.Duration {
	s.b.Helper()
	u, err := url.Parse(dbURL)
	if err != nil {
		s.b.Fatal(err)
	}
	u.Scheme = "postgresql+psycopg2"
	return s.run(dir, []string{"ALEMBIC_URL=" + u.String()}, "alembic", "upgrade", "head")
}
