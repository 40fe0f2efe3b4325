package devdb

import (
	"strings"
	"testing"
)

func TestParseDev(t *testing.T) {
	for _, test := range []struct {
		dev  string
		want source
		err  string
	}{
		{dev: "", want: source{}},
		{dev: "docker://postgres", want: source{}},
		{dev: "docker://postgres/", want: source{}},
		{dev: "docker://postgres/15", want: source{major: 15}},
		{dev: "docker://postgres/15/", want: source{major: 15}},
		{dev: "docker://postgres/15/dev", want: source{major: 15}},
		{dev: "docker://postgres/15/dev?search_path=public", want: source{major: 15}},
		{dev: "docker://postgres/15.3", want: source{major: 15}},
		{dev: "docker://postgres/15.3-alpine3.18/x", want: source{major: 15}},
		{dev: "docker://postgres/16-bookworm", want: source{major: 16}},
		{dev: "docker://postgres/latest/dev", want: source{}},
		{dev: "docker://postgres/alpine", want: source{}},
		{dev: "docker+postgres://_/postgres:15", want: source{major: 15}},
		{dev: "docker+postgres://_/postgres:15/dev", want: source{major: 15}},
		{dev: "docker+postgres://_/postgres:latest/dev", want: source{}},
		{dev: "docker+postgres://_/postgres/dev", want: source{}},
		{dev: "docker+postgres://images.example.com/library/postgres:17/dev", want: source{major: 17}},
		{dev: "postgres://u:p@h/d", want: source{url: "postgres://u:p@h/d"}},
		{dev: "postgresql://h/d", want: source{url: "postgresql://h/d"}},

		{dev: "docker://postgres/9.6/dev", err: "PostgreSQL 9 is too old: the oldest supported version is 12"},
		{dev: "docker://postgres/banana", err: `"banana" isn't a version of PostgreSQL`},
		{dev: "docker://postgres/15/dev/more", err: "too many parts"},
		{dev: "docker://mysql/8/dev", err: "docker://mysql isn't supported"},
		{dev: "docker://postgis/latest/dev", err: "docker://postgis isn't supported"},
		{dev: "docker+postgres://_/postgis/postgis:15/dev", err: `image "postgis" isn't supported`},
		{dev: "mysql://u:secret@h/d", err: `scheme "mysql" isn't supported`},
		{dev: "docker://u:secret%zz@postgres/15", err: "malformed docker:// URL"},
		{dev: "host=h password=secret", err: "isn't a URL"},
	} {
		t.Run(test.dev, func(t *testing.T) {
			got, err := parseDev(test.dev)
			switch {
			case test.err == "" && err != nil:
				t.Fatal(err)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Fatalf("error %v, want one with %q", err, test.err)
			case err != nil && strings.Contains(err.Error(), "secret"):
				t.Fatalf("error shows the password: %v", err)
			case got != test.want:
				t.Fatalf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
