package report

import (
	"slices"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// Metrics are what apply or drift leaves for Prometheus in a file, for example for node_exporter's textfile collector.
// Fields are filled in as they become known: a run that fails early has metrics, too.
type Metrics struct {
	Command string // apply or drift, which begins the names
	Tool    string // this program's version
	// Env is the name of the env, and Database that of the database.
	Env, Database string
	Start         time.Time

	// Apply is what apply did, and Files are all migrations.
	Apply *migrator.Result
	Files []*migration.File
	// Drift is what drift found.
	Drift *adopt.Drift
}

// Text returns the metrics of a command that ended now and exits with code, as OpenMetrics text. It is also valid in
// Prometheus's older format, for which the last line is a comment, so all are gauges.
func (m *Metrics) Text(code int, now time.Time) string {
	g := gauges{command: m.Command, labels: []string{"env", m.Env, "database", m.Database}}
	success := 0
	if code == ExitDone || code == ExitFindings {
		success = 1
	}
	g.add("success", "Whether the last run succeeded.", sprintf("%d", success))
	g.add("exit_code", "Exit code of the last run.", sprintf("%d", code))
	g.add("timestamp_seconds", "When the last run ended, in seconds since 1970.", sprintf("%.3f", float64(now.UnixMilli())/1000))
	g.add("duration_seconds", "How long the last run took.", sprintf("%.3f", now.Sub(m.Start).Seconds()))
	g.add("tool", "Version of the tool, as a label.", "1", "version", m.Tool)
	if r := m.Apply; r != nil && r.Known {
		version, pending := m.position(r)
		g.add("version", "Version and revision id of the database, as labels.", "1", "version", version, "revision", r.Revision)
		g.add("applied_migrations", "Migrations that the last run applied.", sprintf("%d", done(r.Ran)))
		g.add("pending_migrations", "Migrations that are pending after the last run.", sprintf("%d", pending))
		g.add("waiting_migrations", "Those of them that wait for apply -contract.", sprintf("%d", len(r.Waiting)))
	}
	if d := m.Drift; d != nil && success == 1 {
		const help = "Differences from the recorded version, or from what -with names."
		g.add("version", "Recorded version and revision id of the database, as labels.", "1", "version", d.Version, "revision", d.Revision)
		g.add("differences", help, sprintf("%d", d.Harmful()), "severity", "harmful")
		g.add("differences", help, sprintf("%d", len(d.Differences)-d.Harmful()), "severity", "harmless")
		g.add("differences", help, sprintf("%d", len(d.Ignored)), "severity", "ignored")
	}
	g.put("# EOF\n")
	return g.text(false)
}

// position returns the version of the database after a run, and how many migrations are later.
func (m *Metrics) position(r *migrator.Result) (version string, pending int) {
	switch i := slices.IndexFunc(m.Files, func(f *migration.File) bool { return f.Revision == r.Revision }); {
	case i >= 0:
		return m.Files[i].Version, len(m.Files) - 1 - i
	case len(r.Ahead) > 0:
		return r.Ahead[len(r.Ahead)-1], 0
	}
	return "", len(m.Files)
}

// gauges are the metrics of a command. Samples of one metric are added one after the other.
type gauges struct {
	page
	command string
	labels  []string // of all of them: a name, its value, ...
	last    string
}

// add adds a sample, with further labels.
func (g *gauges) add(name, help string, value safe, labels ...string) {
	name = "ibutsu_schema_" + g.command + "_" + name
	if name != g.last {
		g.printf("# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
		g.last = name
	}
	g.printf("%s{", name)
	sep := safe("")
	for label := range slices.Chunk(slices.Concat(g.labels, labels), 2) {
		g.put(sep, line(label[0]), `="`, labelValue(label[1]), `"`)
		sep = ","
	}
	g.put("} ", value, "\n")
}
