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
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// Place is where a database stands on a directory's line of migrations.
type Place struct {
	// Index is that of the last migration which is applied from end to end,
	// -1 at the base.
	Index int
	// Partial is the journal's row of a migration that is neither applied nor
	// not: the one at Index+1, whose file stopped in its middle, or if
	// IsDown(Partial) the one at Index, whose down file did. Nil if there is none.
	Partial *migrate.Revision
	// Checkpoint is the one that the database started from, nil if it ran the
	// first migrations one by one. Index is not before it.
	Checkpoint *migration.Checkpoint
	// Ahead are the journal's rows of migrations later than all of ours: an
	// older version of the project looks at the database.
	Ahead []*migrate.Revision
	// BySchema says that Index is not what the record says, which is nothing that the
	// directory knows, but the one version that the schema fits.
	BySchema bool
	// Settle is what has to be written to the record before anything else is
	// done, nil if the record agrees with itself.
	Settle *Settlement
	// Problems is everything that is wrong, the first being Judge's error.
	Problems []*Problem
}

// Kind tells the kinds of Problem apart.
type Kind string

// What can be wrong with a record.
const (
	Branches   Kind = "branches"     // alembic_version has several rows
	Unknown    Kind = "unknown"      // alembic_version names a revision that the directory doesn't have
	Missing    Kind = "missing"      // an applied migration is not in the directory
	OutOfOrder Kind = "out-of-order" // a pending migration is older than an applied one
	Edited     Kind = "edited"       // an applied migration is not what it was
	HalfOld    Kind = "half-applied" // a half-applied migration has later ones after it
	Malformed  Kind = "malformed"    // a row of the record says what can't be
	Disagree   Kind = "disagree"     // the two tables say different things, and the schema doesn't tell who is right
	Drifted    Kind = "drifted"      // alembic_version alone is there, and the schema is not that revision's
	Unrecorded Kind = "unrecorded"   // tables, and no record
)

// Problem is a record that can't be acted upon. As an error it says what is
// wrong and what to do.
type Problem struct {
	Kind    Kind
	Version string // of the migration that it is about, "" if it is about none or about many
	Text    string
}

func (p *Problem) Error() string { return p.Text }

// judge is the state of one call of Judge.
type judge struct {
	files []*migration.File
	dir   *migration.Dir
	rec   Record
	live  func() (catalog.Catalog, error)
	place Place
}

// Judge says where a database with the record rec stands on dir's line of
// migrations. The live catalog is asked for only where the record alone
// doesn't tell. The error is the first of Place.Problems, a *Problem; or it
// comes from live or from an effect file that is missing.
//
//   - No record, no tables: the base. No record, but tables: Unrecorded.
//   - Both tables agree: there. The journal's last row may be half-applied.
//   - Only alembic_version, of a known id, and its schema: there, the journal is
//     to be filled in. With another schema: Drifted.
//   - The two disagree, and the schema is that of exactly one of the two places:
//     there, the other is to be settled. Else: Disagree.
//   - Of such a schema, its own indexes may be INVALID, and those that pending
//     migrations make may be there already, so far as [Takes] has it: as Alembic
//     leaves them when a build is cut off.
//   - alembic_version has an id that the directory doesn't know: Unknown, said with
//     the version that the schema fits, which may be plus further indexes.
//   - The journal has all our migrations, unedited, and later ones: at our last,
//     and Ahead.
//   - Everything else is a Problem of its own.
func Judge(dir *migration.Dir, rec Record, live func() (catalog.Catalog, error)) (Place, error) {
	j := &judge{files: dir.Files(), dir: dir, rec: rec, live: live, place: Place{Index: -1}}
	if err := j.run(); err != nil {
		return j.place, err
	}
	if len(j.place.Problems) > 0 {
		return j.place, j.place.Problems[0]
	}
	return j.place, nil
}

func (j *judge) problem(kind Kind, version, format string, args ...any) {
	j.place.Problems = append(j.place.Problems, &Problem{kind, version, fmt.Sprintf(format, args...)})
}

func (j *judge) run() error {
	var id string
	if len(j.rec.Alembic) > 0 {
		id = j.rec.Alembic[0]
	}
	if len(j.rec.Alembic) == 1 && id == "" {
		j.problem(Malformed, "", "alembic_version has a row with an empty revision id, which is none: delete the row if the database is at the base, else `stamp -to=REVISION` sets it")
	}
	at := j.byRevision(id)
	if len(j.rec.Journal) == 0 {
		switch {
		case len(j.rec.Alembic) > 1:
			return j.branches()
		case len(j.place.Problems) > 0:
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
	case len(j.place.Ahead) > 0 && id != "" && at < 0 && len(j.place.Problems) == 0:
		return nil
	case id != "" && at < 0:
		return j.unknown(id)
	case j.startedLater():
		j.place.Index = at
		return nil
	case len(j.place.Problems) > 0:
		return nil
	case len(j.place.Ahead) > 0:
		last := j.place.Ahead[len(j.place.Ahead)-1]
		j.problem(Disagree, last.Version, "%s, but the journal has later migrations, up to %s, that this directory doesn't have; check out the commit that has them, or settle it by `stamp`", j.saysAlembic(id), last.Version)
		return nil
	case at == j.place.Index:
		return nil
	}
	return j.disagree(id, at)
}

// byRevision and byVersion return the index of the file with that revision id or
// version; -1 for "" and for unknown ones.
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

// name is how messages name the place at an index.
func (j *judge) name(i int) string {
	if i < 0 {
		return "the base"
	}
	f := j.files[i]
	if f.Revision == f.Version {
		return f.Version + " (" + f.Desc + ")"
	}
	return f.Version + " (" + f.Revision + ", " + f.Desc + ")"
}

// word is how -to names the place at an index.
func (j *judge) word(i int) string {
	if i < 0 {
		return "base"
	}
	return j.files[i].Version
}

func (j *judge) saysAlembic(id string) string {
	if id == "" {
		return "alembic_version says that the database is at the base"
	}
	return "alembic_version says " + quote(id)
}

// readJournal finds the place that the journal names, and what is wrong with
// the journal itself.
func (j *judge) readJournal() {
	rows := j.rec.Journal
	last := rows[len(rows)-1]
	covered := -1 // up to here the files need no row: a baseline stands for them
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
			j.place.Ahead = append(j.place.Ahead, r)
			continue
		case i < 0:
			j.problem(Missing, r.Version, "migration %s (%s) is applied, but the directory doesn't have it; restore its file, or if it is gone for good, `stamp -to=VERSION` makes the record say what the directory has", r.Version, r.Description)
			continue
		case r.Type.Has(migrate.RevisionTypeBaseline):
			covered = max(covered, i-1)
		}
		seen[i] = r
		switch {
		case r.Applied < 0 || r.Applied > r.Total:
			j.malformed(i, r, "which can't be")
		case Done(r):
			j.place.Index = max(j.place.Index, i)
		case n < len(rows)-1:
			j.problem(HalfOld, r.Version, "migration %s is recorded as half applied (%d of %d statements), but later ones follow; finish it by hand, then `stamp -to=%s`", j.name(i), r.Applied, r.Total, last.Version)
		case IsDown(r):
			j.place.Index = max(j.place.Index, i)
			j.place.Partial = r
		case len(r.PartialHashes) < r.Applied:
			j.malformed(i, r, "but not which (partial_hashes holds "+strconv.Itoa(len(r.PartialHashes))+" of their hashes)")
		default:
			j.place.Partial = r
		}
	}
	if len(seen) == 0 && j.place.Checkpoint == nil && len(j.place.Ahead) > 0 && len(j.files) > 0 {
		if j.startedLater() {
			return
		}
		j.problem(Missing, rows[0].Version, "the database has migrations, the first being %s (%s), and none of this directory's; is it another project's database?", rows[0].Version, rows[0].Description)
		return
	}
	for i, f := range j.files {
		if f.Version < last.Version && seen[i] == nil && i > covered {
			hint := ""
			if i < j.place.Index {
				hint = fmt.Sprintf("; if it has run and its row was lost, `stamp -to=%s` restores that", j.word(j.place.Index))
			}
			j.problem(OutOfOrder, f.Version, "migration %s is pending, but the later %s is applied already: it would run out of order; if it is not merged yet, give it a version after %s (rename the file, its down and effect file, then `rehash`); if it is, and the later ones are not, take those back on a checkout without it (`down`), then `rebase`%s", j.name(i), last.Version, last.Version, hint)
		}
	}
	j.compare(seen)
	if len(j.place.Ahead) > 0 && len(j.place.Problems) > 0 {
		r := j.place.Ahead[0]
		j.place.Problems = slices.Insert(j.place.Problems, 0, &Problem{Missing, r.Version,
			fmt.Sprintf("migration %s (%s) is applied, but the directory doesn't have it, and the directory has others that the database hasn't as they are: check out the commit that has both, or `stamp`", r.Version, r.Description)})
	}
	if len(j.place.Ahead) > 0 && j.place.Partial == j.place.Ahead[len(j.place.Ahead)-1] {
		j.place.Partial = nil
	}
}

// malformed says that the row of the migration at an index is none that a tool
// writes: nobody can tell from it which statements have run.
func (j *judge) malformed(i int, r *migrate.Revision, why string) {
	j.problem(Malformed, r.Version, "the journal says of migration %s that %d of its %d statements have run, %s; somebody edited its row: look at the database, then `stamp -to=%s` or `stamp -to=%s` sets it right",
		j.name(i), r.Applied, r.Total, why, j.word(i-1), j.word(i))
}

// compare finds the first applied migration that is not what it was. The
// journal's hashes are cumulative: one covers the files before it, too. So a
// hash also counts as right if it is that of the applied files alone, and
// behind a file that is missing nothing can be said.
func (j *judge) compare(seen map[int]*migrate.Revision) {
	missing := slices.IndexFunc(j.place.Problems, func(p *Problem) bool { return p.Kind == Missing })
	var alone map[int]string
	for i, f := range j.files {
		r := seen[i]
		if r == nil {
			continue
		}
		if missing >= 0 && j.place.Problems[missing].Version < f.Version {
			return
		}
		if r == j.place.Partial && !IsDown(r) {
			j.compareHalf(i, r)
			return
		}
		if r.Hash != "" && r.Hash != f.Hash {
			if alone == nil {
				alone = j.hashes(seen)
			}
			if r.Hash != alone[i] {
				j.problem(Edited, f.Version, "migration %s was edited or renamed after it was applied on %s; restore %s as it was and put the change into a new migration, or if the database has what it says now, `stamp -to=%s`",
					j.name(i), r.ExecutedAt.UTC().Format("2006-01-02"), f.Name, j.word(j.place.Index))
				return
			}
		}
		if r == j.place.Partial {
			j.compareHalfDown(i, r)
			return
		}
	}
}

// hashes returns what the hashes of the applied files would be if the directory
// had no others.
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
	ran := r.PartialHashes[:min(r.Applied, len(r.PartialHashes))]
	if n := edited(Sums(f.SQL, f.Stmts), ran); n >= 0 {
		j.problem(Edited, f.Version, "migration %s is half applied (%d of %d statements), and statement %d of %s is not what it was when it ran; restore the part that has run, only what comes after may change", j.name(i), r.Applied, r.Total, n+1, f.Name)
	}
}

// compareHalfDown does the same with a down file.
func (j *judge) compareHalfDown(i int, r *migrate.Revision) {
	f := j.files[i]
	var sums []string
	if f.Down != nil {
		sums = Sums(f.Down.SQL, f.Down.Stmts)
	}
	if n := edited(sums, DownSums(r)); n >= 0 {
		j.problem(Edited, f.Version, "migration %s is half taken back, and statement %d of %s/%s is not what it was when it ran; restore the part that has run, only what comes after may change", j.name(i), n+1, migration.DownDir, f.Name)
	}
}

// catalogAt and liveCatalog return what is compared.
func (j *judge) catalogAt(i int) (catalog.Catalog, error) {
	c, err := catalog.At(j.dir, i)
	return j.rec.Without(c), err
}

func (j *judge) liveCatalog() (catalog.Catalog, error) {
	c, err := j.live()
	return j.rec.Without(c), err
}

// unrecorded judges a database without a row in either table.
func (j *judge) unrecorded() error {
	if j.rec.HasAlembic && j.rec.HasJournal {
		return nil // taken back to the base by a tool that knows both
	}
	live, err := j.liveCatalog()
	if err != nil {
		return err
	}
	var tables, others []string
	for line := range live.All() {
		if line.Comment {
			continue // its object is there, too
		}
		switch line.Kind {
		case "schema", "extension": // what is made before migrations run, and by hand
		case "table":
			tables = append(tables, catalog.Escape(line.Name))
		default:
			others = append(others, line.Object().String())
		}
	}
	what := some("tables", tables)
	hint := "if it is this project's, `stamp -to=VERSION` records which version it has"
	if len(tables) == 0 {
		if len(others) == 0 {
			return nil
		}
		what = some("objects", others)
		hint = "if the migrations do not make them, `stamp -to=base -yes` lets `apply` begin beside them; " + hint
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

// some names the first of what there is.
func some(kind string, names []string) string {
	const first = 3
	if len(names) > first {
		return fmt.Sprintf("%d %s (%s, ...)", len(names), kind, strings.Join(names[:first], ", "))
	}
	return fmt.Sprintf("%s (%s)", kind, strings.Join(names, ", "))
}

// thatOf says which versions the schema fits and how to record one of them, to follow "the
// schema is". Between several only data changes: it takes a person to tell them apart.
func (j *judge) thatOf(fits []fit) string {
	if len(fits) == 1 {
		return fmt.Sprintf("%s: %s records it", j.describe(fits[0]), j.stamp(fits[0]))
	}
	return fmt.Sprintf("%s, which only the data tells apart: look at it, then %s", j.either(fits), j.stamps(fits))
}

// either describes several versions that the schema fits alike.
func (j *judge) either(fits []fit) string {
	s := j.describe(fits[0])
	for _, f := range fits[1:] {
		s += " and of " + j.name(f.index)
	}
	return s
}

// stamp is the command that records a version that the schema fits.
func (j *judge) stamp(f fit) string {
	if f.exact() {
		return "`stamp -to=" + j.word(f.index) + "`"
	}
	return "`stamp -to=" + j.word(f.index) + " -yes`"
}

// stamps are the commands that record one of several.
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
	hint := "`stamp -to=REVISION` sets it"
	if fits := j.likely(live); len(fits) > 0 {
		hint = "the schema is " + j.thatOf(fits)
	}
	j.place.Problems = slices.Insert(j.place.Problems, 0, &Problem{Branches, "",
		fmt.Sprintf("alembic_version has %d rows (%s): branches are not supported, it must name the one revision that the database is at; %s", len(j.rec.Alembic), quoteAll(j.rec.Alembic), hint)})
	return nil
}

// likely returns the versions that the schema fits best, and only the one that the journal
// names if that is among them.
func (j *judge) likely(live catalog.Catalog) []fit {
	fits := j.closest(live)
	if i := slices.IndexFunc(fits, func(f fit) bool { return f.index == j.place.Index }); i >= 0 && len(j.rec.Journal) > 0 {
		return fits[i : i+1]
	}
	return fits
}

// unknown judges a database whose revision id no migration has. What it is, is told by its
// schema.
func (j *judge) unknown(id string) error {
	live, err := j.liveCatalog()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("alembic_version holds %q, which no migration of this directory has", id)
	var meant []string
	for _, f := range j.dir.Mistyped(id) {
		meant = append(meant, j.name(j.byVersion(f.Version)))
	}
	if len(meant) > 0 {
		text += " (was " + strings.Join(meant, " or ") + " meant?)"
	}
	instead := "`stamp -to=VERSION` says how the schema differs from a version's"
	switch fits := j.likely(live); len(fits) {
	case 0:
		text += "; the schema is that of none of its versions" + j.nearest(live)
	case 1:
		text += "; the schema is " + j.describe(fits[0])
		instead = j.stamp(fits[0]) + " records the version that the schema has"
		if len(j.rec.Journal) == 0 {
			j.place.Index, j.place.BySchema = fits[0].index, true
		}
	default:
		text += "; the schema is " + j.either(fits) + ", which only the data tells apart"
		instead = "look at the data, then " + j.stamps(fits)
	}
	j.problem(Unknown, "", "%s; check out the commit that has %q, or install its release; if there is none, %s", text, id, instead)
	return nil
}

// nearest says which version's schema differs least from the live one, if that is in a few
// things only.
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
	return fmt.Sprintf(" (%s is nearest: %s)", j.name(at), sentences(least))
}

// alembicAlone judges a database that Alembic has managed until now.
func (j *judge) alembicAlone(id string, at int) error {
	live, err := j.liveCatalog()
	if err != nil {
		return err
	}
	want, err := j.catalogAt(at)
	if err != nil {
		return fmt.Errorf("comparing the database with version %s: %w", j.word(at), err)
	}
	j.place.Index = at
	if f, ok := fitOf(at, want, live); ok && j.takes(f) {
		schema := "exactly that revision's"
		if !f.exact() {
			schema = j.describe(f)
		}
		j.place.Settle = Settle(j.dir, j.rec, at)
		j.place.Settle.Note = fmt.Sprintf("alembic_version says %q and the schema is %s: the journal is filled in, %s", id, schema, words.Plural(at+1, "row"))
		return nil
	}
	diffs := catalog.Diff(want, live)
	hint := fmt.Sprintf("make the schema equal, or if the differences are meant, `stamp -to=%s -yes` records the version all the same", j.word(at))
	if fits := j.closest(live); len(fits) > 0 && !slices.ContainsFunc(fits, func(f fit) bool { return f.index == at }) {
		hint = "the database's is " + j.thatOf(fits)
	}
	j.problem(Drifted, j.files[at].Version, "alembic_version says %s, and there is no journal; but the schema is not that revision's: %s; %s", j.name(at), sentences(diffs), hint)
	return nil
}

// disagree judges a record whose two tables name two places.
func (j *judge) disagree(id string, at int) error {
	journal := j.place.Index
	live, err := j.liveCatalog()
	if err != nil {
		return err
	}
	var fits [2]*fit
	for n, i := range []int{at, journal} {
		c, err := j.catalogAt(i)
		if err != nil {
			return fmt.Errorf("comparing the database with version %s: %w", j.word(i), err)
		}
		if f, ok := fitOf(i, c, live); ok && j.takes(f) {
			fits[n] = &f
		}
	}
	if fits[0] != nil && fits[1] != nil {
		switch a, b := fits[0].distance(), fits[1].distance(); {
		case a < b:
			fits[1] = nil
		case b < a:
			fits[0] = nil
		}
	}
	both := fmt.Sprintf("%s, and the journal says that %s", j.saysAlembic(id), j.journalSays())
	switch {
	case fits[0] != nil && fits[1] != nil:
		j.problem(Disagree, "", "%s; the two have the same schema, so it doesn't tell which is right: look at the data, then `stamp -to=%s` or `stamp -to=%s`", both, j.word(at), j.word(journal))
	case fits[0] != nil:
		j.place.Index, j.place.Partial = at, nil
		j.place.Settle = Settle(j.dir, j.rec, at)
		j.place.Settle.Note = fmt.Sprintf("%s; the schema is %s: the journal is set to it", both, j.describe(*fits[0]))
	case fits[1] != nil:
		// A migration that has begun stays begun: what it did to data is not in the schema.
		j.place.Settle = Settle(j.dir, j.rec, journal)
		if p := j.place.Partial; p != nil {
			j.place.Settle.keep(p.Version)
		}
		j.place.Settle.Note = fmt.Sprintf("%s; the schema is %s: alembic_version is set to it", both, j.describe(*fits[1]))
	default:
		j.problem(Disagree, "", "%s; the schema is neither the one's nor the other's: find out which is right (`stamp -to=%s` or `stamp -to=%s` shows the differences), then add -yes", both, j.word(at), j.word(journal))
	}
	return nil
}

func (j *judge) journalSays() string {
	p := j.place.Partial
	switch {
	case p == nil:
		return j.name(j.place.Index) + " was the last to be applied"
	case IsDown(p):
		return j.name(j.place.Index) + " is half taken back"
	default:
		return fmt.Sprintf("%s was the last to be applied and %s is half applied", j.name(j.place.Index), p.Version)
	}
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
