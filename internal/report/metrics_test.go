package report

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// What metrics say of a run. That they are valid, the scripts of internal/e2e check with Prometheus's own programs.
func TestMetrics(t *testing.T) {
	files := []*migration.File{{Version: "1", Revision: "a"}, {Version: "2", Revision: "b"}, {Version: "3", Revision: "c"}}
	ran := []*migrator.FileRun{{Done: true}, {}}
	differences := []catalog.Difference{{}, {}, {Harmless: true}}
	values := regexp.MustCompile(`(?m)^ibutsu_schema_\w+?_(version|applied_migrations|(?:pending|waiting)_migrations|differences)\{env="prod",database="ibutsu",?(.*)\} (\d+)$`)
	for name, test := range map[string]struct {
		metrics Metrics
		code    int
		want    string
	}{
		"unknown":  {Metrics{Apply: &migrator.Result{}}, ExitFailed, ""},
		"half-way": {Metrics{Apply: &migrator.Result{Known: true, Revision: "b", Ran: ran}}, ExitFailed, `version="2",revision="b" 1, 1, 1, 0`},
		"head":     {Metrics{Apply: &migrator.Result{Known: true, Revision: "c"}}, ExitDone, `version="3",revision="c" 1, 0, 0, 0`},
		"base":     {Metrics{Apply: &migrator.Result{Known: true}}, ExitLocked, `version="",revision="" 1, 0, 3, 0`},
		"contract": {Metrics{Apply: &migrator.Result{Known: true, Revision: "a", Waiting: files[1:]}}, ExitDone, `version="1",revision="a" 1, 0, 2, 2`},
		"ahead":    {Metrics{Apply: &migrator.Result{Known: true, Revision: "e", Ahead: []string{"4", "5"}}}, ExitDone, `version="5",revision="e" 1, 0, 0, 0`},
		"drift": {Metrics{Drift: &adopt.Drift{Version: "2", Revision: "b", Differences: differences, Ignored: differences}}, ExitFindings,
			`version="2",revision="b" 1, severity="harmful" 2, severity="harmless" 1, severity="ignored" 3`},
		"no drift": {Metrics{Drift: &adopt.Drift{}}, ExitDone, `version="",revision="" 1, severity="harmful" 0, severity="harmless" 0, severity="ignored" 0`},
		"signal":   {Metrics{Drift: &adopt.Drift{Differences: differences}}, 143, ""},
	} {
		m := test.metrics
		m.Command, m.Env, m.Database, m.Files = "apply", "prod", "ibutsu", files
		text := m.Text(test.code, time.Now())
		var got []string
		for _, v := range values.FindAllStringSubmatch(text, -1) {
			got = append(got, strings.TrimSpace(v[2]+" "+v[3]))
		}
		if got := strings.Join(got, ", "); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
		failed := test.code != ExitDone && test.code != ExitFindings
		if ok := strings.Contains(text, `apply_success{env="prod",database="ibutsu"} 0`); ok != failed {
			t.Errorf("%s: success is wrong:\n%s", name, text)
		}
	}
}

// The whole text, with values that must be escaped and cut.
func TestMetricsText(t *testing.T) {
	start := time.Date(2026, 11, 24, 8, 11, 12, 0, time.UTC)
	m := Metrics{
		Command: "drift", Tool: "v1.2.3", Env: "a\"b\\c\nibutsu_schema_drift_success 1", Database: strings.Repeat("ü", 1000), Start: start,
		Drift: &adopt.Drift{Version: "20260827000000", Revision: "c4d5e6f7a8b9", Differences: []catalog.Difference{{}}},
	}
	labels := `env="a\"b\\c\\nibutsu_schema_drift_success 1",database="` + strings.Repeat("ü", longestLabel) + `"`
	want := strings.ReplaceAll(`# HELP ibutsu_schema_drift_success Whether the last run succeeded.
# TYPE ibutsu_schema_drift_success gauge
ibutsu_schema_drift_success{LABELS} 1
# HELP ibutsu_schema_drift_exit_code Exit code of the last run.
# TYPE ibutsu_schema_drift_exit_code gauge
ibutsu_schema_drift_exit_code{LABELS} 3
# HELP ibutsu_schema_drift_timestamp_seconds When the last run ended, in seconds since 1970.
# TYPE ibutsu_schema_drift_timestamp_seconds gauge
ibutsu_schema_drift_timestamp_seconds{LABELS} 1795507873.500
# HELP ibutsu_schema_drift_duration_seconds How long the last run took.
# TYPE ibutsu_schema_drift_duration_seconds gauge
ibutsu_schema_drift_duration_seconds{LABELS} 1.500
# HELP ibutsu_schema_drift_tool Version of the tool, as a label.
# TYPE ibutsu_schema_drift_tool gauge
ibutsu_schema_drift_tool{LABELS,version="v1.2.3"} 1
# HELP ibutsu_schema_drift_version Recorded version and revision id of the database, as labels.
# TYPE ibutsu_schema_drift_version gauge
ibutsu_schema_drift_version{LABELS,version="20260827000000",revision="c4d5e6f7a8b9"} 1
# HELP ibutsu_schema_drift_differences Differences from the recorded version, or from what -with names.
# TYPE ibutsu_schema_drift_differences gauge
ibutsu_schema_drift_differences{LABELS,severity="harmful"} 1
ibutsu_schema_drift_differences{LABELS,severity="harmless"} 0
ibutsu_schema_drift_differences{LABELS,severity="ignored"} 0
# EOF
`, "LABELS", labels)
	if got := m.Text(ExitFindings, start.Add(1500*time.Millisecond)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
