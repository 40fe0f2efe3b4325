package pgsql_test

import (
	"context"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestStringValueServer(t *testing.T) {
	ctx := context.Background()
	conn := pgtest.New(t).Conn()
	for _, text := range []string{
		`''`, `'a'`, `''''`, `'''a'''`, `'it''s'`, `'a\n'`, "'a'\n'b'", "'a' -- 'c'\n  'b'''", `N'a'''`,
		`E''`, `E'a\'b'''`, `e'\b\f\n\r\t\\\q'`, `E'\x41\x4'`, `E'\101\7\60z'`, `E'\u00e4\U0001F600'`, `E'\xc3\xa4'`, "E'a\\n'\n'b\\''",
		`U&'\0061b\+01F600\\'''`, `u&'d!0061'`, `$$a'b$$`, `$x$ $$ '' $x$`, `$$$$`,
	} {
		var want string
		if err := conn.QueryRow(ctx, "SELECT "+text+"::text").Scan(&want); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := pgsql.StringValue(text); got != want {
			t.Errorf("StringValue(%s) = %q, want %q", text, got, want)
		}
		if tokens := pgsql.Tokens(text); len(tokens) != 1 || tokens[0].Kind != pgsql.String {
			t.Errorf("%s isn't one string", text)
		}
	}
	// These aren't valid.
	for _, text := range []string{"", "'", "E'", `E'\`, `E'\x`, `U&'\`, `U&'\00'`, "$", "$$", "$a$", "$a$b", "a"} {
		pgsql.StringValue(text)
	}
}
