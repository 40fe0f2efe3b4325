package pgsql

import (
	"fmt"
	"strings"
	"testing"
)

// canary is the password in the statements below, which are listed with their masked forms.
const canary = "s3cr3tCanary"

var maskTests = []struct{ name, sql, want string }{
	{"role", `CREATE ROLE app LOGIN PASSWORD 's3cr3tCanary' VALID UNTIL 'infinity'`, `CREATE ROLE app LOGIN PASSWORD 'xxxxx' VALID UNTIL 'infinity'`},
	{"user", `ALTER USER app WITH ENCRYPTED PASSWORD 's3cr3tCanary'`, `ALTER USER app WITH ENCRYPTED PASSWORD 'xxxxx'`},
	{"lower case", `alter role app unencrypted password's3cr3tCanary'`, `alter role app unencrypted password'xxxxx'`},
	{"group", `CREATE GROUP g PASSWORD 's3cr3tCanary' USER u`, `CREATE GROUP g PASSWORD 'xxxxx' USER u`},
	{"quotes in it", `ALTER ROLE app PASSWORD 'a''s3cr3tCanary'''`, `ALTER ROLE app PASSWORD 'xxxxx'`},
	{"escapes", `ALTER ROLE app PASSWORD E'a\'s3cr3tCanary\\'`, `ALTER ROLE app PASSWORD E'xxxxx'`},
	{"unicode", `ALTER ROLE app PASSWORD U&'!0041s3cr3tCanary' UESCAPE '!'`, `ALTER ROLE app PASSWORD U&'xxxxx' UESCAPE '!'`},
	{"national", `ALTER ROLE app PASSWORD N's3cr3tCanary'`, `ALTER ROLE app PASSWORD N'xxxxx'`},
	{"dollars", `ALTER ROLE app PASSWORD $$s3cr3tCanary$$`, `ALTER ROLE app PASSWORD $$xxxxx$$`},
	{"a tag", `ALTER ROLE app PASSWORD $pw$s3cr3t$Canary$pw$, app`, `ALTER ROLE app PASSWORD $pw$xxxxx$pw$, app`},
	{"two lines", "ALTER ROLE app PASSWORD 's3cr3t' -- it's long\n 'Canary'", `ALTER ROLE app PASSWORD 'xxxxx'`},
	{"a comment between", "ALTER ROLE app PASSWORD /* it's */ -- 'a'\n 's3cr3tCanary'", "ALTER ROLE app PASSWORD /* it's */ -- 'a'\n 'xxxxx'"},
	{"no end", `ALTER ROLE app PASSWORD 's3cr3tCanary; SELECT 1`, `ALTER ROLE app PASSWORD 'xxxxx`},
	{"no end, dollars", `ALTER ROLE app PASSWORD $a$s3cr3tCanary$`, `ALTER ROLE app PASSWORD $a$xxxxx`},
	{"the wrong quotes", `ALTER ROLE app PASSWORD "s3cr3tCanary"`, `ALTER ROLE app PASSWORD "xxxxx`},
	{"no quotes", `ALTER ROLE app PASSWORD s3cr3tCanary`, `ALTER ROLE app PASSWORD xxxxx`},
	{"an equals sign", `ALTER ROLE app PASSWORD = 's3cr3tCanary' VALID UNTIL '2030-01-01'`, `ALTER ROLE app PASSWORD = 'xxxxx' VALID UNTIL '2030-01-01'`},
	{"parentheses", `ALTER ROLE app PASSWORD ('s3cr3tCanary') LOGIN`, `ALTER ROLE app PASSWORD ('xxxxx') LOGIN`},
	{"two strings", `ALTER ROLE app PASSWORD 'a' || 's3cr3tCanary'`, `ALTER ROLE app PASSWORD 'xxxxx' || 'xxxxx'`},
	{"two strings in a row", `ALTER ROLE app PASSWORD 'a' 's3cr3tCanary' VALID UNTIL 'infinity'`, `ALTER ROLE app PASSWORD 'xxxxx' 'xxxxx' VALID UNTIL 'infinity'`},
	{"none", `ALTER ROLE app PASSWORD NULL; SELECT 'a'`, `ALTER ROLE app PASSWORD NULL; SELECT 'a'`},
	{"empty", `ALTER ROLE app PASSWORD ''`, `ALTER ROLE app PASSWORD ''`},

	{"a variable", `DO $$DECLARE password CONSTANT varchar(20) := 's3cr3tCanary'; a text := 'a'; BEGIN END$$`, `DO $$DECLARE password CONSTANT varchar(20) := 'xxxxx'; a text := 'a'; BEGIN END$$`},
	{"a variable of a column's type", `DO $$DECLARE db_password app.users.password%TYPE := 's3cr3tCanary'; BEGIN END$$`, `DO $$DECLARE db_password app.users.password%TYPE := 'xxxxx'; BEGIN END$$`},
	{"a column", `CREATE TABLE t (password text NOT NULL, a text DEFAULT 'a'); SELECT 1 WHERE password IS NULL AND a = 'b'`, `CREATE TABLE t (password text NOT NULL, a text DEFAULT 'a'); SELECT 1 WHERE password IS NULL AND a = 'b'`},

	{"user mapping", `CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'bob', password 's3cr3tCanary')`, `CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'bob', password 'xxxxx')`},
	{"user mapping, changed", `ALTER USER MAPPING FOR a SERVER s OPTIONS (SET user 'bob', SET password 's3cr3tCanary', ADD sslpassword 's3cr3tCanary')`, `ALTER USER MAPPING FOR a SERVER s OPTIONS (SET user 'bob', SET password 'xxxxx', ADD sslpassword 'xxxxx')`},
	{"quoted option", `CREATE USER MAPPING FOR a SERVER s OPTIONS ("password" 's3cr3tCanary')`, `CREATE USER MAPPING FOR a SERVER s OPTIONS ("password" 'xxxxx')`},

	{"subscription", `CREATE SUBSCRIPTION s CONNECTION 'host=h password=s3cr3tCanary dbname=d' PUBLICATION p`, `CREATE SUBSCRIPTION s CONNECTION 'host=h password=xxxxx dbname=d' PUBLICATION p`},
	{"subscription, last", `ALTER SUBSCRIPTION s CONNECTION 'host=h password=s3cr3tCanary'`, `ALTER SUBSCRIPTION s CONNECTION 'host=h password=xxxxx'`},
	{"spaces", `ALTER SUBSCRIPTION s CONNECTION 'host = h password = s3cr3tCanary'`, `ALTER SUBSCRIPTION s CONNECTION 'host = h password = xxxxx'`},
	{"quotes within", `ALTER SUBSCRIPTION s CONNECTION 'host=h password=''it\''s s3cr3tCanary'' port=1'`, `ALTER SUBSCRIPTION s CONNECTION 'host=h password=''xxxxx'' port=1'`},
	{"quotes within, escaped", `ALTER SUBSCRIPTION s CONNECTION E'host=h password=\'s3cr3tCanary\' port=1'`, `ALTER SUBSCRIPTION s CONNECTION E'host=h password=\'xxxxx\' port=1'`},
	{"quotes forgotten", `ALTER SUBSCRIPTION s CONNECTION 'host=h password=my s3cr3tCanary port=1'`, `ALTER SUBSCRIPTION s CONNECTION 'host=h password=xxxxx port=1'`},
	{"a quote forgotten", `ALTER SUBSCRIPTION s CONNECTION 'host=h password=''s3cr3tCanary port=1'`, `ALTER SUBSCRIPTION s CONNECTION 'host=h password=xxxxx'`},
	{"a URL", `CREATE SUBSCRIPTION s CONNECTION 'postgresql://u:s3cr3t@Canary@h/d' PUBLICATION p`, `CREATE SUBSCRIPTION s CONNECTION 'postgresql://u:xxxxx@h/d' PUBLICATION p`},
	{"a URL's parameter", `CREATE SUBSCRIPTION s CONNECTION 'postgresql://h/d?password=s3cr3tCanary&sslmode=require' PUBLICATION p`, `CREATE SUBSCRIPTION s CONNECTION 'postgresql://h/d?password=xxxxx&sslmode=require' PUBLICATION p`},
	{"dblink", `SELECT * FROM dblink('dbname=d password=s3cr3tCanary', 'SELECT 1') AS t(a int)`, `SELECT * FROM dblink('dbname=d password=xxxxx', 'SELECT 1') AS t(a int)`},
	{"dblink_connect", `SELECT dblink_connect('c', $$host=h password=s3cr3tCanary$$)`, `SELECT dblink_connect('c', $$host=h password=xxxxx$$)`},
	{"a variable of the environment", `COPY t FROM PROGRAM 'PGPASSWORD=s3cr3tCanary psql'`, `COPY t FROM PROGRAM 'PGPASSWORD=xxxxx psql'`},

	{"a column", `UPDATE u SET password = 's3cr3tCanary', n = 'a' WHERE n = 'b'`, `UPDATE u SET password = 'xxxxx', n = 'a' WHERE n = 'b'`},
	{"a column of a table", `UPDATE u SET n = 'a' WHERE u.password = 's3cr3tCanary' AND n = 'b'`, `UPDATE u SET n = 'a' WHERE u.password = 'xxxxx' AND n = 'b'`},
	{"hashed", `UPDATE u SET password = crypt('s3cr3tCanary', gen_salt('bf')), n = 'a'`, `UPDATE u SET password = crypt('xxxxx', gen_salt('xxxxx')), n = 'a'`},
	{"a setting", `SET app.password TO 's3cr3tCanary'`, `SET app.password TO 'xxxxx'`},
	{"a setting by function", `SELECT set_config('app.password', 's3cr3tCanary', false)`, `SELECT set_config('app.password', 'xxxxx', false)`},
	{"an argument", `SELECT connect(host => 'h', password => 's3cr3tCanary', port => '1')`, `SELECT connect(host => 'h', password => 'xxxxx', port => '1')`},

	{"in a block", `DO $$BEGIN EXECUTE 'ALTER ROLE app PASSWORD ''s3cr3tCanary'''; RAISE 'a'; END$$`, `DO $$BEGIN EXECUTE 'ALTER ROLE app PASSWORD ''xxxxx'''; RAISE 'a'; END$$`},
	{"in a block in a block", `DO $a$BEGIN EXECUTE $b$DO $c$BEGIN ALTER ROLE app PASSWORD 's3cr3tCanary'; END$c$$b$; END$a$`, `DO $a$BEGIN EXECUTE $b$DO $c$BEGIN ALTER ROLE app PASSWORD 'xxxxx'; END$c$$b$; END$a$`},
	{"format", `DO $$BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', 'app', 's3cr3tCanary'); RAISE 'a'; END$$`, `DO $$BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', 'xxxxx', 'xxxxx'); RAISE 'a'; END$$`},
	{"put together", `DO $$BEGIN EXECUTE 'ALTER ROLE app PASSWORD ' || quote_literal('s3cr3tCanary'); RAISE 'a'; END$$`, `DO $$BEGIN EXECUTE 'ALTER ROLE app PASSWORD ' || quote_literal('xxxxx'); RAISE 'a'; END$$`},
	{"put together with its quotes", `DO $$BEGIN EXECUTE 'ALTER ROLE app PASSWORD ''' || 's3cr3tCanary' || ''''; END$$`, `DO $$BEGIN EXECUTE 'ALTER ROLE app PASSWORD ''' || 'xxxxx' || 'xxxxx'; END$$`},
	{"put together of parts", `DO $$BEGIN EXECUTE 'ALTER ROLE ' || u || ' PASSWORD ' || quote_literal('s3cr3tCanary'); END$$`, `DO $$BEGIN EXECUTE 'ALTER ROLE ' || u || ' PASSWORD ' || quote_literal('xxxxx'); END$$`},
	{"commented out", "SELECT 1; -- ALTER ROLE app PASSWORD 's3cr3tCanary', don't\n/* host=h password=s3cr3tCanary */", "SELECT 1; -- ALTER ROLE app PASSWORD 'xxxxx', don't\n/* host=h password=xxxxx */"},
	{"a script", "CREATE ROLE a PASSWORD 's3cr3tCanary';\nCOMMENT ON ROLE a IS 'it''s';\nCREATE ROLE b PASSWORD 's3cr3tCanary'", "CREATE ROLE a PASSWORD 'xxxxx';\nCOMMENT ON ROLE a IS 'it''s';\nCREATE ROLE b PASSWORD 'xxxxx'"},

	{"in too many blocks", `DO $a$$b$$c$$d$$e$$f$$g$$h$$i$$j$ALTER ROLE app PASSWORD 's3cr3tCanary'$j$$i$$h$$g$$f$$e$$d$$c$$b$$a$`, `DO $a$$b$$c$$d$$e$$f$$g$$h$$i$xxxxx$i$$h$$g$$f$$e$$d$$c$$b$$a$`},

	{"a table", `CREATE TABLE u (password text NOT NULL DEFAULT 'a', password_hash text DEFAULT 'b' CHECK (password_hash <> 'c'))`, ""},
	{"a name", `INSERT INTO u (name, password) VALUES ('a', $1); SELECT password FROM u WHERE n = 'a'`, ""},
	{"a rule", `ALTER TABLE u ADD CONSTRAINT has_password CHECK (password IS NOT NULL OR n = 'a')`, ""},
	{"words", `COMMENT ON COLUMN u.p IS 'the user''s password'; SELECT 'a', 'reset your password', 'b'`, ""},
	{"a URL without", `SELECT 'https://example.com/a?b=c@d'`, ""},
	{"an operator", `SELECT 'a' WHERE passes > 1`, ""},
}

func TestMask(t *testing.T) {
	for _, tt := range maskTests {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want == "" {
				want = tt.sql
			}
			if got := Mask(tt.sql); got != want {
				t.Errorf("Mask(%s)\n got %s\nwant %s", tt.sql, got, want)
			}
			if got := Mask(want); got != want {
				t.Errorf("masked again: %s", got)
			}
			checkInPlace(t, tt.sql)
			if tt.want == "" {
				return
			}
			// As PostgreSQL quotes it, whole and in part.
			for _, s := range secrets(tt.sql) {
				secret := tt.sql[s.start:s.end]
				for _, message := range []string{
					`syntax error at or near "'` + secret + `'"`, `syntax error at or near "` + secret + `"`, `invalid connection string syntax: ` + secret,
				} {
					if got := MaskMessage(message, tt.sql); len(secret) > 3 && strings.Contains(got, secret) {
						t.Errorf("MaskMessage(%s) = %s", message, got)
					}
				}
			}
		})
	}
}

func checkInPlace(t *testing.T, sql string) {
	t.Helper()
	got := MaskInPlace(sql)
	if len(got) != len(sql) || strings.Count(got, "\n") != strings.Count(sql, "\n") {
		t.Errorf("MaskInPlace(%q) moves text: %q", sql, got)
	}
	for i := range len(sql) {
		if (got[i] == '\n') != (sql[i] == '\n') {
			t.Errorf("MaskInPlace(%q) moves lines: %q", sql, got)
			break
		}
	}
	if strings.Contains(got, canary) {
		t.Errorf("MaskInPlace(%q) shows it: %q", sql, got)
	}
}

func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		"":            "",
		"no password": "no password",
		"dial postgres://u:s3cr3t@Canary@h:1/d: refused":                    "dial postgres://u:xxxxx@h:1/d: refused",
		"postgresql+psycopg2://u:p@h/d?a=b":                                 "postgresql+psycopg2://u:xxxxx@h/d?a=b",
		"host=h password=s3cr3tCanary port=1":                               "host=h password=xxxxx port=1",
		"host=h password='s3cr3t Canary' port=1":                            "host=h password='xxxxx' port=1",
		"PGPASSWORD=s3cr3tCanary":                                           "PGPASSWORD=xxxxx",
		`CONTEXT: SQL statement "ALTER ROLE a PASSWORD 's3cr3tCanary'"`:     `CONTEXT: SQL statement "ALTER ROLE a PASSWORD 'xxxxx'"`,
		`CONTEXT: SQL statement "ALTER ROLE a PASSWORD $a$s3cr3tCanary$a$"`: `CONTEXT: SQL statement "ALTER ROLE a PASSWORD $a$xxxxx$a$"`,
		"postgres://me:p@w/x?#@h/d and postgres://h/d":                      "postgres://me:xxxxx@h/d and postgres://h/d",
		"host=h password='it\\'s me' user=u":                                "host=h password='xxxxx' user=u",
		"postgres://h/d?password=pw&sslmode=disable":                        "postgres://h/d?password=xxxxx&sslmode=disable",
		`"postgres://me:pw@h/d"`:                                            `"postgres://me:xxxxx@h/d"`,
		"host=h password=xxxxx port=1":                                      "host=h password=xxxxx port=1",
	} {
		if got := Redact(text); got != want {
			t.Errorf("Redact(%q) = %q, want %q", text, got, want)
		}
	}
}

// With texts as large as these, an algorithm that takes quadratic time exceeds the test's time limit.
func TestMaskOfLargeTexts(t *testing.T) {
	const size = 2 << 20
	var nested strings.Builder
	for i := range size / 20 {
		fmt.Fprintf(&nested, "$a%d$password ", i)
	}
	for _, sql := range []string{
		nested.String(),
		strings.Repeat("'password', ", size/12),
		"'password" + strings.Repeat("''", size/2) + "'",
		strings.Repeat("password=", size/9),
		"'a=" + strings.Repeat("password= ", size/10) + "'",
		strings.Repeat("a://b:", size/6),
		"'password'" + strings.Repeat("\n'a'", size/4),
		strings.Repeat("/*", size/4) + strings.Repeat("*/", size/4) + "password ''",
	} {
		if n := len(MaskInPlace(sql)); n != len(sql) {
			t.Errorf("%d bytes became %d", len(sql), n)
		}
		MaskMessage(sql[:100], sql)
	}
}

func TestOneLine(t *testing.T) {
	// Passwords are masked before the text is truncated.
	if got, want := OneLine("ALTER ROLE a\n  PASSWORD 's3cr3tCanary and more'", 35), "ALTER ROLE a PASSWORD 'xxxxx'"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := OneLine("SELECT 'it', 'and more'", 18), "SELECT 'it', ..."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := OneLine("SELECT\tärger FROM b", 15), "SELECT ärger..."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzMask adds a password after any text: it is masked, and nothing moves.
func FuzzMask(f *testing.F) {
	for _, tt := range maskTests {
		if before, after, ok := strings.Cut(tt.sql, canary); ok {
			f.Add(before, after)
		}
	}
	const own = "another" // a password that isn't in the seeds
	f.Fuzz(func(t *testing.T, before, after string) {
		// After any complete statements, a role's password is masked.
		sql := before + "\n;\nALTER ROLE a PASSWORD '" + own + "'" + after
		if _, err := Split(before + "\n;\n"); err == nil && strings.Contains(Mask(sql), own) {
			t.Errorf("Mask(%q) = %q", sql, Mask(sql))
		}
		if len(MaskInPlace(sql)) != len(sql) {
			t.Errorf("MaskInPlace(%q) moves text", sql)
		}
		Redact(sql)
		MaskMessage(after, sql)
	})
}
