package revision

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// Position is the position of a database in a directory of migrations.
type Position struct {
	// Index is the index of the last migration that is completely applied, -1 at the base.
	Index int
	// Partial is the journal's row of a half-applied migration: the one at Index+1, or if IsDown(Partial), the one at
	// Index, whose down file stopped in the middle. Nil if there is none.
	Partial *migrate.Revision
	// Checkpoint is the one that the database started from, nil if it ran the first migrations one by one. Index isn't
	// before it.
	Checkpoint *migration.Checkpoint
	// Ahead are the journal's rows of migrations later than the last in the directory: the project is older than the
	// database.
	Ahead []*migrate.Revision
	// BySchema means that the record names no known version, and Index is the only version that the schema fits.
	BySchema bool
	// Settle is what must be written to the record before anything else is done, nil if the record is consistent.
	Settle *Settlement
	// Problems is everything that is wrong. The first is Judge's error.
	Problems []*Problem
}

// Kind is the kind of a Problem.
type Kind string

// What can be wrong with a record.
const (
	Branches   Kind = "branches"     // alembic_version has several rows
	Unknown    Kind = "unknown"      // alembic_version names a revision that the directory doesn't have
	Missing    Kind = "missing"      // an applied migration isn't in the directory
	OutOfOrder Kind = "out-of-order" // a pending migration is older than an applied one
	Edited     Kind = "edited"       // an applied migration has changed
	HalfOld    Kind = "half-applied" // a half-applied migration has later ones after it
	Malformed  Kind = "malformed"    // a row of the record is impossible
	Disagree   Kind = "disagree"     // the two tables disagree, and the schema doesn't show which is right
	Drifted    Kind = "drifted"      // there is only alembic_version, and the schema isn't that revision's
	Unrecorded Kind = "unrecorded"   // there are tables but no record
	TooLong    Kind = "too-long"     // alembic_version can't hold the revision id of a pending migration
)

// Problem is something wrong with the record that prevents migrations. As an error it says what is wrong and what to
// do.
type Problem struct {
	Kind    Kind
	Version string // of the migration that it is about, "" for none or several
	Text    string
}

func (p *Problem) Error() string { return p.Text }

// judge is the state of a call to Judge.
type judge struct {
	files []*migration.File
	dir   *migration.Dir
	rec   Record
	live  func() (catalog.Catalog, error)
	pos   Position
}

// Judge returns the position in dir of a database with the record rec. It reads the live catalog only if the record
// alone doesn't show the position. The error is the first of Position.Problems, a *Problem, or comes from live or a
// missing effect file.
//
//   - No record and no tables: the base. No record, but tables: Unrecorded.
//   - Both tables agree: there. The journal's last row may be half applied.
//   - Only alembic_version, with a known id and its schema: there, and the journal must be filled in. With another
//     schema: Drifted.
//   - The two disagree, and the schema is that of exactly one of the two positions, or at least nearer to that one and
//     different only in names and extra objects: there, and the other table must be updated. Otherwise: Disagree.
//   - In such a schema, the version's own indexes may be INVALID, and indexes that pending migrations create may exist
//     already if [Takes] accepts them, as Alembic leaves them when a build is interrupted.
//   - alembic_version has an unknown id: Unknown, with the version that the schema fits, possibly plus more indexes.
//   - The journal has all our migrations, unedited, and later ones: at our last, and Ahead.
//   - Everything else is a Problem of its own kind.
func Judge(dir *migration.Dir, rec Record, live func() (catalog.Catalog, error)) (Position, error) {
	j := &judge{files: dir.Files(), dir: dir, rec: rec, live: live, pos: Position{Index: -1}}
	if err := j.run(); err != nil {
		return j.pos, err
	}
	if len(j.pos.Problems) > 0 {
		return j.pos, j.pos.Problems[0]
	}
	return j.pos, nil
}

func (j *judge) problem(kind Kind, version, format string, args ...any) {
	j.pos.Problems = append(j.pos.Problems, &Problem{kind, version, fmt.Sprintf(format, args...)})
}

func (j *judge) run() error {
	var id string
	if len(j.rec.Alembic) > 0 {
		id = j.rec.Alembic[0]
	}
	if len(j.rec.Alembic) == 1 && id == "" {
		j.problem(Malformed, "", "alembic_version has a row with an empty revision id: delete the row if the database is at the base, otherwise `stamp -to=REVISION` sets it")
	}
	at := j.byRevision(id)
	if len(j.rec.Journal) == 0 {
		switch {
		case len(j.rec.Alembic) > 1:
			return j.branches()
		case len(j.pos.Problems) > 0:
			return nil
		case id == "":
			return j.unrecorded()
		case at < 0:
			return j.unknown(id)
		}
		return j.alembicAlone(id, at)
	}

	j.readJournal()
	switch {
	case len(j.rec.Alembic) > 1:
		return j.branches()
	case len(j.pos.Ahead) > 0 && id != "" && at < 0 && len(j.pos.Problems) == 0:
		return nil
	case id != "" && at < 0:
		return j.unknown(id)
	case j.startedLater():
		j.pos.Index = at
		return nil
	case len(j.pos.Problems) > 0:
		return nil
	case len(j.pos.Ahead) > 0:
		last := j.pos.Ahead[len(j.pos.Ahead)-1]
		j.problem(Disagree, last.Version, "%s, but the journal has later migrations, up to %s, that this directory doesn't have; check out the commit that has them, or correct the record with `stamp`", j.saysAlembic(id), last.Version)
		return nil
	case at == j.pos.Index:
		return nil
	}
	return j.disagree(id, at)
}

// byRevision and byVersion return the index of the file with a revision id or version, -1 for "" and for unknown ones.
func (j *judge) byRevision(id string) int {
	if id == "" {
		return -1
	}
	return slices.IndexFunc(j.files, func(f *migration.File) bool { return f.Revision == id })
}

func (j *judge) byVersion(version string) int {
	i, ok := slices.BinarySearchFunc(j.files, version, func(f *migration.File, v string) int { return strings.Compare(f.Version, v) })
	if !ok {
		return -1
	}
	return i
}

// readJournal finds the position that the journal names, and what is wrong with the journal itself.
func (j *judge) readJournal() {
	rows := j.rec.Journal
	last := rows[len(rows)-1]
	covered := -1 // files up to this index need no row, because a baseline replaces them
	seen := make(map[int]*migrate.Revision)
	for n, r := range rows {
		if c := j.dir.Checkpoint(r.Version); c != nil {
			j.startedFrom(c, r)
			covered = max(covered, c.Through)
			continue
		}
		i := j.byVersion(r.Version)
		switch {
		case i < 0 && (len(j.files) == 0 || r.Version > j.files[len(j.files)-1].Version):
			j.pos.Ahead = append(j.pos.Ahead, r)
			continue
		case i < 0:
			j.problem(Missing, r.Version, "migration %s (%s) is applied, but the directory doesn't have it; restore its file, or if it was deleted for good, `stamp -to=VERSION` makes the record match the directory", r.Version, r.Description)
			continue
		case r.Type.Has(migrate.RevisionTypeBaseline):
			covered = max(covered, i-1)
		}
		seen[i] = r
		switch {
		case r.Applied < 0 || r.Applied > r.Total:
			j.malformed(i, r, "which is impossible")
		case Done(r):
			j.pos.Index = max(j.pos.Index, i)
		case n < len(rows)-1:
			j.problem(HalfOld, r.Version, "migration %s is recorded as half applied (%d of %d statements), but later ones are applied; finish it by hand, then `stamp -to=%s`", j.dir.Title(i), r.Applied, r.Total, last.Version)
		case len(r.PartialHashes) < r.Applied:
			j.malformed(i, r, "but not which (partial_hashes holds "+strconv.Itoa(len(r.PartialHashes))+" of their hashes)")
		case IsDown(r):
			j.pos.Index = max(j.pos.Index, i)
			j.pos.Partial = r
		default:
			j.pos.Partial = r
		}
	}
	if len(seen) == 0 && j.pos.Checkpoint == nil && len(j.pos.Ahead) > 0 && len(j.files) > 0 {
		if j.startedLater() {
			return
		}
		j.problem(Missing, rows[0].Version, "the database has migrations, the first of which is %s (%s), but none of this directory's; is it another project's database?", rows[0].Version, rows[0].Description)
		return
	}
	for i, f := range j.files {
		if f.Version < last.Version && seen[i] == nil && i > covered {
			hint := ""
			if i < j.pos.Index {
				hint = fmt.Sprintf("; if it has run and its row was lost, `stamp -to=%s` restores the row", j.dir.Word(j.pos.Index))
			}
			j.problem(OutOfOrder, f.Version, "migration %s is pending, but the later %s is already applied: it would run out of order; if it isn't merged yet, give it a version after %s (rename the file, its down and effect file, then `rehash`); if it is and the later ones aren't, revert those on a checkout without it (`down`), then `rebase`%s", j.dir.Title(i), last.Version, last.Version, hint)
		}
	}
	j.compare(seen)
	if len(j.pos.Ahead) > 0 && len(j.pos.Problems) > 0 {
		r := j.pos.Ahead[0]
		j.pos.Problems = slices.Insert(j.pos.Problems, 0, &Problem{Missing, r.Version,
			fmt.Sprintf("migration %s (%s) is applied, but the directory doesn't have it, and it has others that the database doesn't have as they are: check out the commit that has both, or `stamp`", r.Version, r.Description)})
	}
	if len(j.pos.Ahead) > 0 && j.pos.Partial == j.pos.Ahead[len(j.pos.Ahead)-1] {
		j.pos.Partial = nil
	}
}

// malformed adds a problem for a row that no tool writes: it is unknown which of the migration's statements have run.
func (j *judge) malformed(i int, r *migrate.Revision, why string) {
	j.problem(Malformed, r.Version, "the journal says that %d of the %d statements of migration %s have run, %s; its row was edited: check the database, then `stamp -to=%s` or `stamp -to=%s`",
		r.Applied, r.Total, j.dir.Title(i), why, j.dir.Word(i-1), j.dir.Word(i))
}

// compare finds the first applied migration that has changed. The journal's hashes are cumulative: each also covers the
// files before it. So a hash may cover all files or only the applied ones, and after a missing file nothing can be
// compared.
func (j *judge) compare(seen map[int]*migrate.Revision) {
	missing := slices.IndexFunc(j.pos.Problems, func(p *Problem) bool { return p.Kind == Missing })
	var alone map[int]string
	for i, f := range j.files {
		r := seen[i]
		if r == nil {
			continue
		}
		if missing >= 0 && j.pos.Problems[missing].Version < f.Version {
			return
		}
		if r == j.pos.Partial && !IsDown(r) {
			j.compareHalf(i, r)
			return
		}
		if r.Hash != "" && r.Hash != f.Hash {
			if alone == nil {
				alone = j.hashes(seen)
			}
			if r.Hash != alone[i] {
				j.problem(Edited, f.Version, "migration %s was edited or renamed after it was applied on %s; restore %s and put the change into a new migration, or if the database matches what it says now, `stamp -to=%s`",
					j.dir.Title(i), r.ExecutedAt.UTC().Format("2006-01-02"), f.Name, j.dir.Word(j.pos.Index))
				return
			}
		}
		if r == j.pos.Partial {
			j.compareHalfDown(i, r)
			return
		}
	}
}

// hashes returns the hashes that the applied files would have if the directory had no others.
func (j *judge) hashes(seen map[int]*migrate.Revision) map[int]string {
	h := sha256.New()
	sums := make(map[int]string, len(seen))
	for i, f := range j.files {
		if seen[i] != nil {
			h.Write([]byte(f.Name))
			h.Write([]byte(f.SQL))
			sums[i] = base64.StdEncoding.EncodeToString(h.Sum(nil))
		}
	}
	return sums
}

// compareHalf compares the part of a half-applied file that has run.
func (j *judge) compareHalf(i int, r *migrate.Revision) {
	f := j.files[i]
	if n := edited(Sums(f.SQL, f.Stmts), r.PartialHashes); n >= 0 {
		j.problem(Edited, f.Version, "migration %s is half applied (%d of %d statements), and statement %d of %s has changed since it ran; restore the part that has run: only the rest may change", j.dir.Title(i), r.Applied, r.Total, n+1, f.Name)
		return
	}
	j.midway(i, r.Applied, f.Stmts, f.Name)
}

// midway adds a problem if another tool recorded that a part of a transaction has run.
func (j *judge) midway(i, n int, stmts []pgsql.Stmt, name string) {
	if rest, ok := runner.Rest(stmts, n); !ok && len(rest) > 0 {
		j.problem(Malformed, j.files[i].Version, "the journal says that %d of the %d statements of %s have run, but those from line %d to line %d are one transaction, of which all or none have run: another tool wrote its row; check the database, then `stamp -to=%s` or `stamp -to=%s`",
			n, len(stmts), name, stmts[rest[0].From].Pos.Line, stmts[rest[0].To-1].Pos.Line, j.dir.Word(i-1), j.dir.Word(i))
	}
}

// compareHalfDown does the same for a down file.
func (j *judge) compareHalfDown(i int, r *migrate.Revision) {
	f := j.files[i]
	var sums []string
	var stmts []pgsql.Stmt
	if f.Down != nil {
		stmts = f.Down.Stmts
		sums = Sums(f.Down.SQL, stmts)
	}
	if n := edited(sums, r.PartialHashes[1:]); n >= 0 {
		j.problem(Edited, f.Version, "migration %s is half reverted, and statement %d of %s/%s has changed since it ran; restore the part that has run: only the rest may change", j.dir.Title(i), n+1, migration.DownDir, f.Name)
		return
	}
	j.midway(i, DownApplied(r), stmts, migration.DownDir+"/"+f.Name)
}

// catalogAt and liveCatalog return the catalogs to compare.
func (j *judge) catalogAt(i int) (catalog.Catalog, error) {
	c, err := catalog.At(j.dir, i)
	return j.rec.Without(c), err
}

func (j *judge) liveCatalog() (catalog.Catalog, error) {
	c, err := j.live()
	return j.rec.Without(c), err
}

// unrecorded judges a database without rows in both tables.
func (j *judge) unrecorded() error {
	if j.rec.HasAlembic && j.rec.HasJournal {
		return nil // reverted to the base by a tool that knows both
	}
	live, err := j.liveCatalog()
	if err != nil {
		return err
	}
	var tables, others []string
	for line := range live.All() {
		if line.Comment {
			continue // its object is listed, too
		}
		switch line.Kind {
		case "schema", "extension": // often created by hand before migrations run
		case "table":
			tables = append(tables, catalog.Escape(line.Name))
		default:
			others = append(others, line.Object().String())
		}
	}
	what := some("tables", tables)
	hint := "if it is this project's, `adopt` finds out which version it has"
	if len(tables) == 0 {
		if len(others) == 0 {
			return nil
		}
		what = some("objects", others)
		hint = "if the migrations don't create them, `stamp -to=base -yes` lets `apply` start and keeps them; " + hint
	}
	if fits := j.closest(live); len(fits) > 0 {
		hint = "its schema is " + j.thatOf(fits)
	}
	if len(j.rec.Elsewhere) > 0 {
		hint = fmt.Sprintf("there is %s, does atlas.hcl name the right schemas (alembic_version_schema, revisions_schema)? Otherwise, %s", strings.Join(j.rec.Elsewhere, " and "), hint)
	}
	j.problem(Unrecorded, "", "the database has %s but no record of migrations; %s", what, hint)
	return nil
}

// some lists the first names, and counts them if there are more.
func some(kind string, names []string) string {
	const first = 3
	if len(names) > first {
		return fmt.Sprintf("%d %s (%s, ...)", len(names), kind, strings.Join(names[:first], ", "))
	}
	return fmt.Sprintf("%s (%s)", kind, strings.Join(names, ", "))
}

// thatOf says which versions the schema fits and how to record one of them, after "the schema is". If there are
// several, they differ only in data, so a person must decide.
func (j *judge) thatOf(fits []fit) string {
	if len(fits) == 1 {
		return fmt.Sprintf("%s: %s records it", j.describe(fits[0]), j.stamp(fits[0]))
	}
	return fmt.Sprintf("%s, which differ only in data: check the data, then %s", j.either(fits), j.stamps(fits))
}

// either describes several versions that the schema fits equally.
func (j *judge) either(fits []fit) string {
	s := j.describe(fits[0])
	for _, f := range fits[1:] {
		s += " and of " + j.dir.Title(f.index)
	}
	return s
}

// stamp returns the command that records a version that the schema fits.
func (j *judge) stamp(f fit) string {
	if len(f.further)+len(f.invalid)+len(f.leftovers) == 0 {
		return "`stamp -to=" + j.dir.Word(f.index) + "`"
	}
	return "`stamp -to=" + j.dir.Word(f.index) + " -yes`"
}

// stamps returns the commands that record one of several.
func (j *judge) stamps(fits []fit) string {
	words := make([]string, len(fits))
	for i, f := range fits {
		words[i] = j.stamp(f)
	}
	return strings.Join(words, " or ")
}

// branches judges a database whose alembic_version has several rows.
func (j *judge) branches() error {
	live, err := j.liveCatalog()
	if err != nil {
		return err
	}
	hint := "`adopt` finds out which one"
	if fits := j.likely(live); len(fits) > 0 {
		hint = "the schema is " + j.thatOf(fits)
	}
	if strange := slices.DeleteFunc(slices.Clone(j.rec.Alembic), func(id string) bool { return id == "" || j.byRevision(id) >= 0 }); len(strange) > 0 {
		hint = fmt.Sprintf("no migration of this directory has %s: check out the commit that does, or install its release; if there is none, %s", quoteAll(strange), hint)
	}
	j.pos.Problems = slices.Insert(j.pos.Problems, 0, &Problem{Branches, "",
		fmt.Sprintf("alembic_version has %d rows (%s): branches aren't supported, and it must have one row, the revision that the database is at; %s", len(j.rec.Alembic), quoteAll(j.rec.Alembic), hint)})
	return nil
}

// likely returns the versions that the schema fits best, or only the one that the journal names if it is among them.
func (j *judge) likely(live catalog.Catalog) []fit {
	fits := j.closest(live)
	if i := slices.IndexFunc(fits, func(f fit) bool { return f.index == j.pos.Index }); i >= 0 && len(j.rec.Journal) > 0 {
		return fits[i : i+1]
	}
	return fits
}

// unknown judges a database whose revision id no migration has, by its schema.
func (j *judge) unknown(id string) error {
	live, err := j.liveCatalog()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("alembic_version holds %q, which no migration of this directory has", id)
	var meant []string
	for _, f := range j.dir.Mistyped(id) {
		meant = append(meant, j.dir.Title(j.byVersion(f.Version)))
	}
	if len(meant) > 0 {
		text += " (was " + strings.Join(meant, " or ") + " meant?)"
	}
	instead := "`adopt` shows how the schema differs from the nearest version's"
	switch fits := j.likely(live); len(fits) {
	case 0:
		text += "; the schema is that of none of its versions" + j.nearest(live)
	case 1:
		text += "; the schema is " + j.describe(fits[0])
		instead = j.stamp(fits[0]) + " records the version that the schema has"
		if len(j.rec.Journal) == 0 {
			j.pos.Index, j.pos.BySchema = fits[0].index, true
		}
	default:
		text += "; the schema is " + j.either(fits) + ", which differ only in data"
		instead = "check the data, then " + j.stamps(fits)
	}
	j.problem(Unknown, "", "%s; check out the commit that has %q, or install its release; if there is none, %s", text, id, instead)
	return nil
}

// nearest says which version's schema differs least from the live one, if it has only a few differences.
func (j *judge) nearest(live catalog.Catalog) string {
	const few = 5
	at := -1
	var least []catalog.Difference
	for i, c := range catalog.All(j.dir) {
		if diffs := catalog.Diff(j.rec.Without(c), live); i >= 0 && (at < 0 || len(diffs) <= len(least)) {
			at, least = i, diffs
		}
	}
	if at < 0 || len(least) > few {
		return ""
	}
	return fmt.Sprintf(" (%s is nearest: %s)", j.dir.Title(at), sentences(least))
}

// alembicAlone judges a database that only Alembic has managed.
func (j *judge) alembicAlone(id string, at int) error {
	live, err := j.liveCatalog()
	if err != nil {
		return err
	}
	want, err := j.catalogAt(at)
	if err != nil {
		return fmt.Errorf("comparing the database with version %s: %w", j.dir.Word(at), err)
	}
	j.pos.Index = at
	if f, ok := fitOf(at, want, live); ok && j.takes(f) {
		schema := "exactly that revision's"
		if !f.exact() {
			schema = j.describe(f)
		}
		j.pos.Settle = Settle(j.dir, j.rec, at)
		j.pos.Settle.Note = fmt.Sprintf("alembic_version says %q and the schema is %s: the journal is filled in, %s", id, schema, words.Plural(at+1, "row"))
		return nil
	}
	diffs := catalog.Diff(want, live)
	hint := fmt.Sprintf("`adopt` lists all differences, and if they are intended, `stamp -to=%s -yes` records the version anyway", j.dir.Word(at))
	if fits := j.closest(live); len(fits) > 0 && !slices.ContainsFunc(fits, func(f fit) bool { return f.index == at }) {
		hint = "the database's is " + j.thatOf(fits)
	}
	j.problem(Drifted, j.files[at].Version, "alembic_version says %s and there is no journal, but the schema isn't that revision's: %s; %s", j.dir.Title(at), sentences(diffs), hint)
	return nil
}

func sentences(diffs []catalog.Difference) string {
	texts := make([]string, 0, 3)
	for _, d := range diffs[:min(len(diffs), 3)] {
		texts = append(texts, d.Text)
	}
	s := strings.Join(texts, ", ")
	if n := len(diffs) - len(texts); n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}
