package project

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// clearLibpq unsets the variables that pgx reads by itself.
func clearLibpq(t *testing.T) {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "PG") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
}

func TestDatabase(t *testing.T) {
	clearLibpq(t)
	hcl := `env "local" {
  url = getenv("FROM_HCL")
  migration { revisions_schema = "public" }
}
env "prod" {
  url = getenv("FROM_HCL")
  migration { revisions_schema = "public" }
}
`
	const settable = "set one of -url, the url of env %s, DATABASE_URL, SQLALCHEMY_DATABASE_URI, " +
		"POSTGRESQL_{HOST,HOSTNAME,DATABASE,DB}, POSTGRES_{HOST,HOSTNAME,DATABASE,DB}, PGHOST, PGDATABASE, PGSERVICE"
	root := folder(t, hcl)
	all := []string{
		"FROM_HCL=postgres://hcl/d", "DATABASE_URL=postgres://database-url/d", "SQLALCHEMY_DATABASE_URI=postgresql+psycopg2://sqlalchemy/d",
		"POSTGRESQL_HOST=postgresql", "POSTGRESQL_DB=d", "POSTGRES_HOST=postgres", "POSTGRES_DB=d", "PGHOST=pg",
	}
	for _, tt := range []struct {
		name, env, url string
		vars           []string
		want, source   string // want is the URL, or "local"
		err            string
	}{
		{"the flag first", "prod", "postgres://flag/d", all, "postgres://flag/d", "-url", ""},
		{"then atlas.hcl", "prod", "", all, "postgres://hcl/d", "atlas.hcl:6: url", ""},
		{"then DATABASE_URL", "prod", "", all[1:], "postgres://database-url/d", "DATABASE_URL", ""},
		{"then SQLAlchemy's", "prod", "", all[2:], "postgres://sqlalchemy/d", "SQLALCHEMY_DATABASE_URI", ""},
		{"then POSTGRESQL_", "prod", "", all[3:], "postgres://postgresql/d", "POSTGRESQL_*", ""},
		{"then POSTGRES_", "prod", "", all[5:], "postgres://postgres/d", "POSTGRES_*", ""},
		{"then libpq's", "prod", "", all[7:], "postgres:///", "PGHOST", ""},
		{"empty is unset", "prod", "", []string{"FROM_HCL=", "DATABASE_URL=", "PGDATABASE=d"}, "postgres:///", "PGDATABASE", ""},
		{"a password alone says nothing", "prod", "", []string{"PGPASSWORD=x", "PGUSER=u", "POSTGRES_PASSWORD=x"}, "", "", "no database is set for env prod: " + fmt.Sprintf(settable, "prod")},
		{"local whatever is set", "local", "", all, "local", "-env=local", ""},
		{"local in CI", "local", "", []string{"CI=true"}, "local", "-env=local", ""},
		{"local and a URL", "local", "postgres://flag/d", nil, "", "", "-env=local is the local PostgreSQL: leave out -env or -url"},
		{"no env uses what is set", "", "", all, "postgres://hcl/d", "atlas.hcl:2: url", ""},
		{"no env, nothing set", "", "", nil, "local", "nothing is set", ""},
		{"nothing set, CI", "", "", []string{"CI=1"}, "", "", "no database is set: " + fmt.Sprintf(settable, "local") + " (with -env=local, or without CI set, this would be the local PostgreSQL)"},
		{"CI said to be off", "", "", []string{"CI=false"}, "local", "nothing is set", ""},
		{"the parts' other names", "prod", "", []string{"POSTGRESQL_HOSTNAME=h", "POSTGRESQL_DATABASE=My DB", "POSTGRESQL_PORT=5433", "POSTGRESQL_USER=me@corp", "POSTGRESQL_SSLMODE=require"}, "postgres://me%40corp@h:5433/My%20DB?sslmode=require", "POSTGRESQL_*", ""},
		{"a port by Kubernetes", "prod", "", []string{"POSTGRESQL_HOST=h", "POSTGRESQL_PORT=tcp://10.0.0.7:5434", "POSTGRESQL_DATABASE=d"}, "postgres://h:5434/d", "POSTGRESQL_*", ""},
		{"the same twice", "prod", "", []string{"POSTGRES_HOST=h", "POSTGRES_DATABASE=d", "POSTGRES_DB=d"}, "postgres://h/d", "POSTGRES_*", ""},
		{"two databases", "prod", "", []string{"POSTGRESQL_HOST=h", "POSTGRESQL_DATABASE=d", "POSTGRESQL_DB=e"}, "", "", `POSTGRESQL_DATABASE is "d" and POSTGRESQL_DB is "e": unset one of the two`},
		{"two hosts", "prod", "", []string{"POSTGRES_HOST=h", "POSTGRES_HOSTNAME=i", "POSTGRES_DB=d"}, "", "", `POSTGRES_HOST is "h" and POSTGRES_HOSTNAME is "i": unset one of the two`},
		{"no database", "prod", "", []string{"POSTGRESQL_HOST=h", "POSTGRES_DB=other"}, "", "", "POSTGRESQL_* names no database: set POSTGRESQL_DATABASE"},
		{"a socket", "prod", "", []string{"POSTGRES_HOST=/run/pg", "POSTGRES_DB=d"}, "postgres://%2Frun%2Fpg/d", "POSTGRES_*", ""},
		{"IPv6", "prod", "", []string{"POSTGRES_HOST=::1", "POSTGRES_PORT=1", "POSTGRES_DB=d"}, "postgres://[::1]:1/d", "POSTGRES_*", ""},
		{"another database's URL", "prod", "", []string{"SQLALCHEMY_DATABASE_URI=sqlite:///x.db"}, "", "", "SQLALCHEMY_DATABASE_URI: a sqlite URL: only PostgreSQL is supported (postgres://USER@HOST:PORT/DATABASE)"},
		{"not a URL", "", "host=x password=hunter2", nil, "", "", "-url: not a URL: write postgres://USER@HOST:PORT/DATABASE"},
		{"Atlas's parameter", "", "postgres://h/d?search_path=public&sslmode=disable", nil, "postgres://h/d?sslmode=disable", "-url", ""},
		{"no database", "", "postgres://u@h:5432", nil, "", "", "-url: the URL names no database: write /DATABASE after the host"},
		{"an empty database", "prod", "", []string{"DATABASE_URL=postgres://u:hunter2@h/?sslmode=disable"}, "", "", "DATABASE_URL: the URL names no database: write /DATABASE after the host"},
		{"a database as a parameter", "", "postgres://h?dbname=d", nil, "postgres://h/?dbname=d", "-url", ""},
		{"bad port", "", "postgres://u:hunter2@h:port/d", nil, "", "", "-url: invalid port"},
		{"an endless password file", "", "postgres://h/d?passfile=/dev/zero", nil, "", "", "-url: passfile: /dev/zero isn't a regular file of up to 64 MiB"},
		{"an endless certificate", "prod", "", []string{"DATABASE_URL=postgres://h/d?sslmode=verify-full&sslrootcert=%2Fdev%2Fzero"}, "", "", "DATABASE_URL: sslrootcert: /dev/zero isn't a regular file of up to 64 MiB"},
		{"the system's certificates", "", "postgres://h/d?sslmode=verify-full&sslrootcert=system", nil, "postgres://h/d?sslmode=verify-full&sslrootcert=system", "-url", ""},
		{"bad parameter", "", "postgres://u:hunter2@h/d?sslmode=maybe", nil, "", "", "-url: failed to configure TLS (sslmode is invalid)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := Load(t.Context(), Options{Root: root, Env: tt.env, URL: tt.url, LookupEnv: env(tt.vars...)})
			if err != nil {
				t.Fatal(err)
			}
			db, err := e.Database()
			if err != nil || tt.err != "" {
				if fmt.Sprint(err) != tt.err {
					t.Errorf("error %v\n want %s", err, tt.err)
				}
				return
			}
			got := db.URL
			if db.Local {
				got = "local"
			}
			if got != tt.want || db.Source != tt.source {
				t.Errorf("got %s from %s, want %s from %s", got, db.Source, tt.want, tt.source)
			}
			if noted := len(db.Notes) > 0; noted != (db.Source == "nothing is set") {
				t.Errorf("notes: %q", db.Notes)
			}
		})
	}
}

// TestDatabaseElsewhere names the database in libpq's variable instead of in the URL.
func TestDatabaseElsewhere(t *testing.T) {
	clearLibpq(t)
	t.Setenv("PGDATABASE", "d")
	e, err := Load(t.Context(), Options{Root: folder(t, minimal), URL: "postgres://h", LookupEnv: env()})
	if err != nil {
		t.Fatal(err)
	}
	if db, err := e.Database(); err != nil || db.URL != "postgres://h/" {
		t.Errorf("got %v, %v", db, err)
	}
}

// TestPasswords passes odd passwords in every possible way: the server must get them unchanged, and nothing may print
// them.
func TestPasswords(t *testing.T) {
	clearLibpq(t)
	root := folder(t, minimal)
	for _, pw := range []string{
		"plain", "sp ace", "a:b", "a/b", "a@b", "a?b", "a#b", "a%b", "100%41", "ü€", `back\slash`, `"quoted"`, "it's", "[x]", "a&b=c", "a+b", "$HOME", "://@", "{{x}}", "1234",
	} {
		escaped := url.UserPassword("me", pw).String()
		ways := map[string][]string{
			"parts":   {"POSTGRESQL_HOST=db.example", "POSTGRESQL_USER=me", "POSTGRESQL_PASSWORD=" + pw, "POSTGRESQL_DB=ibutsu"},
			"escaped": {"DATABASE_URL=postgres://" + escaped + "@db.example/ibutsu"},
		}
		// Unescaped, some passwords are ambiguous.
		if !strings.Contains(pw, "%41") && pw != "://@" {
			ways["as it is"] = []string{"SQLALCHEMY_DATABASE_URI=postgresql+psycopg2://me:" + pw + "@db.example/ibutsu"}
		}
		for way, vars := range ways {
			t.Run(way+" "+pw, func(t *testing.T) {
				e, err := Load(t.Context(), Options{Root: root, LookupEnv: env(vars...)})
				if err != nil {
					t.Fatal(err)
				}
				db, err := e.Database()
				if err != nil {
					t.Fatal(err)
				}
				cfg, err := db.Config()
				if err != nil {
					t.Fatal(err)
				}
				if cfg.Password != pw || cfg.Host != "db.example" || cfg.User != "me" || cfg.Database != "ibutsu" {
					t.Errorf("got %q for %q on host %q, database %q", cfg.Password, cfg.User, cfg.Host, cfg.Database)
				}
				shown := fmt.Sprintf("%v %+v %#v %s", db, db, db, pgsql.Redact("connecting to "+db.URL+" failed"))
				if strings.Contains(shown, pw) || strings.Contains(shown, url.QueryEscape(pw)) {
					t.Errorf("the password is shown: %s", shown)
				}
				if want := "postgres://me@db.example/ibutsu"; db.String() != want {
					t.Errorf("shown as %s, want %s", db, want)
				}
			})
		}
	}
}
