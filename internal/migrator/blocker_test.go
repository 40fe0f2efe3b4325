package migrator

import (
	"testing"
	"time"
)

func TestBlockerString(t *testing.T) {
	for _, tt := range []struct {
		b    Blocker
		want string
	}{
		{Blocker{PID: 4711, Application: "pg_dump", Kind: "client backend", User: "ibutsu", State: "active", Age: 2*time.Hour + 10*time.Minute + 59*time.Second,
			Query: "COPY public.results TO stdout", Copying: &Copying{"public.results", 676296, 348 << 20}},
			"pg_dump (pid 4711, by application_name, user ibutsu, active), in a transaction for 2 h 10 min; now copying public.results: 676,296 rows, 348.0 MB so far"},
		{Blocker{PID: 8, Kind: "autovacuum worker", Age: 3*time.Minute + 5*time.Second, Query: "autovacuum: VACUUM public.t (to prevent wraparound)"},
			"pid 8 (autovacuum worker), in a transaction for 3 min 5 s: autovacuum: VACUUM public.t (to prevent wraparound)"},
		{Blocker{PID: 8, Kind: "client backend", User: "app", Hidden: true, Asker: "me"},
			`pid 8 (user app), age not visible (GRANT pg_read_all_stats TO me shows it, and the state and the query)`},
		{Blocker{PID: 8, Kind: "client backend", Copying: &Copying{"a.b", 1000, 1000}}, "pid 8; now copying a.b: 1,000 rows, 1000 bytes so far"},
		{Blocker{PID: 8, Kind: "client backend", Copying: &Copying{"a.b", 999, 0}}, "pid 8; now copying a.b: 999 rows, 0 bytes so far"},
	} {
		if got := tt.b.String(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
