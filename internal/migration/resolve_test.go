package migration_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

func TestResolve(t *testing.T) {
	d := mustRead(t, mapDir(
		"20251210172554_initial.sql", "-- alembic:revision cacecc4f1237\n\n",
		"20251210203528_indexes.sql", "-- alembic:revision fc3df1d9ee4e\n\n",
		"20260102000000_third.sql", "-- alembic:revision 2025\n\n",
		"20260103000000_fourth.sql", "",
	))
	for _, test := range []struct {
		word string
		want int
		err  string
	}{
		{"head", 3, ""},
		{"base", -1, ""},
		{"20251210172554", 0, ""},
		{"fc3df1d9ee4e", 1, ""},
		{"fc", 1, ""},
		{"20260103", 3, ""},
		{"20251210203528_indexes", 1, ""},
		{"20251210203528_indexes.sql", 1, ""},
		{"2025", 2, ""}, // exact before prefix
		{"20260103000000", 3, ""},
		{"202512", 0, `"202512" is ambiguous: it matches cacecc4f1237 (20251210172554_initial), fc3df1d9ee4e (20251210203528_indexes)`},
		{"2", 0, `"2" is ambiguous: it matches cacecc4f1237 (20251210172554_initial), fc3df1d9ee4e (20251210203528_indexes), 2025 (20260102000000_third), 20260103000000 (20260103000000_fourth)`},
		{"fc3df1d9ee4f", 0, `there is no migration "fc3df1d9ee4f": did you mean fc3df1d9ee4e (20251210203528_indexes)?`},
		{"FC3DF1D9EE4E", 0, `there is no migration "FC3DF1D9EE4E": did you mean fc3df1d9ee4e (20251210203528_indexes)?`},
		{"index", 0, `there is no migration "index": did you mean fc3df1d9ee4e (20251210203528_indexes)?`},
		{"20260103000001", 0, `there is no migration "20260103000001": did you mean 20260103000000 (20260103000000_fourth), 2025 (20260102000000_third)?`},
		{"zzz", 0, `there is no migration "zzz": give a version, a revision id, head or base`},
		{"", 0, `no migration named: give a version, a revision id, head or base`},
		{"HEAD", 0, `there is no migration "HEAD": give a version, a revision id, head or base`},
	} {
		t.Run(test.word, func(t *testing.T) {
			got, err := d.Resolve(test.word)
			if test.err == "" {
				if err != nil || got != test.want {
					t.Errorf("%d, %v", got, err)
				}
				return
			}
			var resolve *migration.ResolveError
			if !errors.As(err, &resolve) {
				t.Fatalf("%v isn't a ResolveError", err)
			}
			if diff := cmp.Diff(test.err, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNextVersion(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 30, 59, 999, time.FixedZone("", 3600))
	for _, test := range []struct {
		name, last string
		n          int
		want       string
	}{
		{"empty", "", 0, "20260301113059"},
		{"empty, third file", "", 2, "20260301113101"},
		{"earlier", "20251210172554", 0, "20260301113059"},
		{"same second", "20260301113059", 0, "20260301113100"},
		{"same second, second file", "20260301113059", 1, "20260301113101"},
		{"future", "20271231235959", 0, "20280101000000"},
		{"counted", "0042", 1, "20260301113100"},
		{"one digit that sorts last as text", "9", 0, "10"},
		{"no time", "20269999999998", 0, "20269999999999"},
		{"long", "202603011130590001", 0, "202603011130590002"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := mapDir()
			if test.last != "" {
				files = mapDir(test.last+"_x.sql", "")
			}
			if got := migration.NextVersion(mustRead(t, files), now, test.n); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// A typo is only recognized where another character doesn't mean another id.
func TestMistyped(t *testing.T) {
	ibutsu := mustRead(t, mapDir(
		"20251212114435_created.sql", "-- alembic:revision 53994db980f1\n\n",
		"20251212114853_cascade.sql", "-- alembic:revision 8cf9148b9ad9\n\n",
		"20260410120000_merge.sql", "-- alembic:revision e5736dbcc0b0\n\n",
		"20260518193000_backfill.sql", "-- alembic:revision d18de2b3253f\n\n",
		"20260601000000_own.sql", "",
		"20260601000001_own_2.sql", "",
	))
	numbered := mustRead(t, mapDir(
		"1_a.sql", "-- alembic:revision rev_0010\n\n",
		"2_b.sql", "-- alembic:revision rev_0011\n\n",
		"3_c.sql", "-- alembic:revision 0012\n\n",
		"4_d.sql", "-- alembic:revision aB\n\n",
	))
	for _, tt := range []struct {
		dir  *migration.Dir
		id   string
		want []string
	}{
		{ibutsu, "8cf9148b9ad8", []string{"8cf9148b9ad9"}}, // a character
		{ibutsu, "8cf9148b9da9", []string{"8cf9148b9ad9"}}, // two swapped
		{ibutsu, "8cf9148b9ad", []string{"8cf9148b9ad9"}},
		{ibutsu, "8cf9148b9ad99", []string{"8cf9148b9ad9"}},
		{ibutsu, "8CF9148B9AD9", []string{"8cf9148b9ad9"}},
		{ibutsu, " 8cf9148b9ad9\n", []string{"8cf9148b9ad9"}},
		{ibutsu, "8cf9", []string{"8cf9148b9ad9"}},
		{ibutsu, "8cf9148b9ad9 (head)", []string{"8cf9148b9ad9"}},
		{ibutsu, "8cf9148b9ad9_cascade", []string{"8cf9148b9ad9"}},
		{ibutsu, "20251212114853", []string{"8cf9148b9ad9"}}, // its version
		{ibutsu, "20251212", []string{"53994db980f1", "8cf9148b9ad9"}},
		{ibutsu, "202606010000", []string{"20260601000000", "20260601000001"}},
		{ibutsu, "c4d5e6f7a8b9", nil}, // upstream's next
		{ibutsu, "efdaeff6dc95", nil},
		{ibutsu, "8cf9148b0000", nil},   // same beginning only
		{ibutsu, "8cf", nil},            // too short
		{ibutsu, "20260601000002", nil}, // the next version, not a typo
		{ibutsu, "20251212114854", nil},
		{ibutsu, "202", nil},
		{ibutsu, "2025", []string{"53994db980f1", "8cf9148b9ad9"}},
		{ibutsu, "", nil},
		{numbered, "rev_0012", nil},
		{numbered, "rev_0110", nil},
		{numbered, "0013", nil},
		{numbered, "00120", nil},
		{numbered, "0012a", nil},
		{numbered, "0012_c", []string{"0012"}},
		{numbered, "Ab", []string{"aB"}},
		{numbered, "a", nil},
		{numbered, "\xff\xfe", nil},
	} {
		var got []string
		for _, f := range tt.dir.Mistyped(tt.id) {
			got = append(got, f.Revision)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", tt.id, d)
		}
	}
}
