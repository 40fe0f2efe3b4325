package report

import (
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Versions is what version prints.
type Versions struct {
	Tool   string         // this program's
	Commit string         // that it was built from; "" if unknown
	Go     string         // that built it
	Atlas  string         // the engine's
	Schema *migration.Dir // its head is the schema's version; nil without a project
}

// Version shows the versions, and which ones of PostgreSQL the tool works on.
func (p *Printer) Version(v Versions) error {
	servers := fmt.Sprintf("%d to %d", pgsql.OldestMajor, pgsql.NewestMajor)
	rows := [][]safe{{"ibutsu-schema", line(v.Tool)}}
	if v.Commit != "" {
		rows = append(rows, []safe{"commit", line(v.Commit)})
	}
	rows = append(rows, []safe{"go", line(v.Go)}, []safe{"postgresql", line(servers)}, []safe{"atlas", line(v.Atlas)})
	var version, revision string
	if v.Schema != nil {
		if files := v.Schema.Files(); len(files) > 0 {
			head := files[len(files)-1]
			version, revision = head.Version, head.Revision
		}
		rows = append(rows, []safe{"schema", line(versionName(version, revision))})
	}
	if p.Format == JSON {
		return p.Out.json(struct{ Tool, Commit, Go, PostgreSQL, Atlas, Version, Revision string }{
			v.Tool, v.Commit, v.Go, servers, v.Atlas, version, revision,
		})
	}
	var b page
	for _, row := range align(rows) {
		b.put(row, "\n")
	}
	return p.page(&b)
}
