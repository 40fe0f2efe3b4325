package adopt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// repairing is a repair in progress.
type repairing struct {
	cfg  RepairConfig
	to   int
	conn *pgx.Conn // to the live database
	live catalog.Catalog
	want catalog.Catalog
	out  *Repaired
	// stmts are those of out.Scripts, the first of which are the user's.
	stmts  [][]pgsql.Stmt
	firsts int
	// proof is the copy of the live schema, with the privileges on its objects.
	proof      *state.State
	privileges state.Privileges
}

func (p *repairing) options() catalog.Options {
	c := p.cfg.Live
	return catalog.Options{Exclude: c.Exclude, AlembicSchema: c.Store.AlembicSchema, JournalSchema: c.Store.JournalSchema}
}

// plan plans the repair, proves it, and returns the version's schema.
func (p *repairing) plan(ctx context.Context) (catalog.Catalog, error) {
	server, err := p.cfg.Start(ctx, pgsql.MajorVersion(p.conn.PgConn().ParameterStatus("server_version")))
	if err != nil {
		if ctx.Err() != nil {
			return catalog.Catalog{}, err
		}
		return catalog.Catalog{}, &NoServerError{err}
	}
	var have, want *state.State
	var failed []*runner.StmtError
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		dump, err := devdb.DumpLive(gctx, p.cfg.Live.ConnConfig, p.cfg.Live.Role)
		if errors.As(err, new(*devdb.NoDumpError)) {
			return &NoServerError{err}
		}
		if err != nil {
			return state.Uncopied(gctx, p.conn, fmt.Errorf("copying the live schema: %w", err))
		}
		have, failed, err = state.Restore(gctx, server, dump, p.options())
		return err
	})
	g.Go(func() (err error) {
		want, err = state.Replay(gctx, server, p.cfg.Live.Dir, p.to, p.options())
		return err
	})
	err = g.Wait()
	for _, s := range []*state.State{have, want} {
		if s != nil {
			defer s.Close()
		}
	}
	if err != nil {
		return catalog.Catalog{}, err
	}
	// The copy is of a moment later.
	now, err := catalog.Read(ctx, p.conn, p.options())
	if err != nil {
		return catalog.Catalog{}, err
	}
	if !now.Equal(p.live) {
		return catalog.Catalog{}, &migrator.ChangedError{Differences: catalog.Diff(p.live, now)}
	}
	left, err := p.uncopied(want.Catalog, have.Catalog, failed)
	if err != nil {
		return catalog.Catalog{}, err
	}
	if err := p.first(ctx, have); err != nil {
		return catalog.Catalog{}, err
	}
	return want.Catalog, p.steps(ctx, have, want, left)
}

// uncopied returns the lines of the live schema that the copy lacks, because the throwaway server can't create them.
// They don't matter for the plan.
func (p *repairing) uncopied(want, have catalog.Catalog, failed []*runner.StmtError) ([]catalog.Line, error) {
	different := map[string]bool{}
	tables := map[string]bool{}
	for _, d := range catalog.Diff(p.live, have) {
		if d.Table != "" && d.Table != d.Object {
			different[d.Kind+" "+d.Table+"."+d.Object] = true
		} else {
			different[d.Kind+" "+d.Object], tables[d.Table] = true, d.Table != ""
		}
	}
	var lines []catalog.Line
	var why []string
	for l := range p.live.All() {
		table, _ := catalog.CutName(l.Name)
		_, st := l.CutState()
		switch {
		case l.Kind == "index" && strings.HasPrefix(st, "INVALID") && !p.partitioned(l.Name): // pg_dump omits it
			continue
		case !different[key(l)] && !tables[catalog.Escape(table)]:
			continue
		}
		lines = append(lines, l)
		switch l.Kind {
		case "table", "column", "constraint", "index", "enum", "schema":
			_, part := want.Def(l.Kind, l.Name)
			_, whole := want.Def("table", table)
			if !l.Comment && (part || whole) {
				why = append(why, l.Kind+" "+l.Name)
			}
		}
	}
	if len(why) == 0 {
		return lines, nil
	}
	text := "the throwaway server can't copy " + strings.Join(why[:min(len(why), 5)], ", ")
	for _, f := range failed {
		if !errors.As(f, new(*migrator.StmtError)) && slices.ContainsFunc(why, func(w string) bool {
			_, name, _ := strings.Cut(w, " ")
			return strings.Contains(f.Stmt, name)
		}) {
			text += ": " + f.Reason()
			break
		}
	}
	return nil, errors.New(text + "; a repair can't be planned without it: use a dev server that has what the live one has (dev in atlas.hcl)")
}

// first runs the user's statements on the copy.
func (p *repairing) first(ctx context.Context, have *state.State) error {
	f := p.cfg.First
	if f == nil {
		return nil
	}
	stmts, err := pgsql.Split(f.SQL)
	if err != nil {
		return fmt.Errorf("reading %s: %w", f.Name, err)
	}
	for i, misfit := range runner.Check(stmts, true) {
		if s := stmts[i]; misfit.Control() {
			return fmt.Errorf("%s:%d: %s: each statement of the file commits on its own, except those between a BEGIN and a COMMIT: remove the other statements that begin and end transactions", f.Name, s.Pos.Line, pgsql.OneLine(s.Text, 60))
		}
	}
	if len(stmts) == 0 { // nobody has edited it
		return nil
	}
	if err := have.Run(ctx, stmts, true, f.Name); err != nil {
		var failed *runner.StmtError
		if errors.As(err, &failed) && ctx.Err() == nil {
			return fmt.Errorf("%s:%d fails on a copy of the live schema without rows: %s; nothing was done: each statement must be one that can run again after an interrupted repair", f.Name, failed.Pos.Line, failed.Reason())
		}
		return err
	}
	s := Script{Name: f.Name, SQL: f.SQL, TxNone: true}
	for _, stmt := range stmts {
		s.Does = append(s.Does, pgsql.OneLine(stmt.Text, 100))
	}
	p.add(s, stmts)
	p.firsts = 1
	return have.Refresh(ctx)
}

func (p *repairing) add(s Script, stmts []pgsql.Stmt) {
	p.out.Scripts = append(p.out.Scripts, s)
	p.stmts = append(p.stmts, stmts)
}

// steps plans the statements that lead from have to want and runs them on have. left are lines of the live schema that
// have lacks.
func (p *repairing) steps(ctx context.Context, have, want *state.State, left []catalog.Line) error {
	before := have.Catalog
	p.proof = have
	var err error
	if p.privileges, err = have.Privileges(ctx); err != nil {
		return err
	}
	present := func() catalog.Catalog {
		all := slices.Clone(left)
		for l := range have.Catalog.All() {
			all = append(all, l)
		}
		return catalog.New(all)
	}
	for _, step := range []func() ([]Script, error){
		func() ([]Script, error) { return p.dropInvalid(want.Catalog), nil },
		func() ([]Script, error) { return p.create(ctx, want, present(), needed) },
		func() ([]Script, error) { return p.managed(ctx, have, want) },
		func() ([]Script, error) { return p.create(ctx, want, present(), needing) },
		func() ([]Script, error) { return renames(want.Catalog, have.Catalog), nil },
	} {
		scripts, err := step()
		if err != nil {
			return err
		}
		for _, s := range scripts {
			if err := p.prove(ctx, s); err != nil {
				return err
			}
		}
		if len(p.out.Decisions) > 0 {
			return nil
		}
	}
	_, extra := sorted(want.Catalog, before)
	_, kept := sorted(want.Catalog, have.Catalog)
	for _, e := range extra {
		if !slices.ContainsFunc(kept, sameObject(e)) {
			p.out.Dropped = append(p.out.Dropped, e)
		}
	}
	for _, d := range faults(want.Catalog, present()) {
		p.decide(Decision{Table: d.Table, Text: "the tool can't repair this difference: " + d.Text})
	}
	planned := p.out.Scripts[p.firsts:]
	for i := range planned {
		planned[i].Name = fmt.Sprintf("repair %d of %d", i+1, len(planned))
	}
	return nil
}

// managed returns the scripts for what a schema file can express.
func (p *repairing) managed(ctx context.Context, have, want *state.State) (scripts []Script, err error) {
	unmanaged, err := have.UnmanagedSchemas(ctx, want.Catalog)
	if err != nil {
		return nil, err
	}
	ops, refusals, err := online.Repair(ctx, have, want, unmanaged, p.uncopiedIndexes(want.Catalog), !p.cfg.DropExtra)
	if engine := (*state.EngineError)(nil); errors.As(err, &engine) {
		refusals, err = []online.Refusal{{Text: engine.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	for _, r := range refusals {
		text, _, _ := strings.Cut(r.Text, "\n") // the rest is about migrations
		p.decide(Decision{Table: r.Table, Text: text, Fixes: r.Fixes})
	}
	for _, f := range online.Files(ops) {
		s := Script{SQL: plan.Text(f.Up, false), TxNone: f.Up.TxNone, Hazards: f.Up.Hazards}
		for _, stmt := range f.Up.Statements {
			s.Does = append(s.Does, stmt.Does...)
		}
		scripts = append(scripts, s)
	}
	return scripts, nil
}

func (p *repairing) decide(d Decision) { p.out.Decisions = append(p.out.Decisions, d) }

// prove runs a planned script on the copy and adds it to the repair.
func (p *repairing) prove(ctx context.Context, s Script) error {
	stmts, err := pgsql.Split(s.SQL)
	if err != nil {
		return fmt.Errorf("reading the planned repair: %w", err)
	}
	if err := p.proof.Run(ctx, stmts, s.TxNone, "the repair"); err != nil {
		var failed *runner.StmtError
		if !errors.As(err, &failed) || ctx.Err() != nil {
			return err
		}
		p.decide(Decision{Text: fmt.Sprintf("a planned statement fails on a copy of the live schema: %s\n  in: %s",
			failed.Reason(), strings.ReplaceAll(pgsql.Mask(failed.Stmt), "\n", "\n      "))})
		return nil
	}
	if err := p.proof.Refresh(ctx); err != nil {
		return err
	}
	grants, err := p.proof.Regrant(ctx, p.privileges)
	if err != nil {
		return err
	}
	for _, g := range grants {
		s.SQL += g + ";\n"
		s.Does = append(s.Does, g)
	}
	if len(grants) > 0 {
		if stmts, err = pgsql.Split(s.SQL); err != nil {
			return err
		}
	}
	if p.privileges, err = p.proof.PrivilegesAfter(ctx, p.privileges); err != nil {
		return err
	}
	p.add(s, stmts)
	return nil
}

// statement returns a script of statements, none if there are none.
func statements(list []string, txNone bool) []Script {
	if len(list) == 0 {
		return nil
	}
	s := Script{SQL: strings.Join(list, ";\n") + ";\n", TxNone: txNone}
	for _, stmt := range list {
		s.Does = append(s.Does, pgsql.OneLine(stmt, 100))
	}
	return []Script{s}
}

// dropInvalid returns the statements that drop INVALID indexes: those which REINDEX left, and those under the name of
// one that the version has. The plan builds the latter again, or gives the name to another index.
func (p *repairing) dropInvalid(want catalog.Catalog) []Script {
	names := map[string]bool{}
	for l := range want.All() {
		if l.Kind == "index" || l.Kind == "constraint" {
			names[qualified(l.Name)] = true
		}
	}
	var drops []string
	for l := range p.live.All() {
		if _, st := l.CutState(); l.Kind == "index" && strings.HasPrefix(st, "INVALID") && names[qualified(l.Name)] && !p.partitioned(l.Name) {
			drops = append(drops, "DROP INDEX CONCURRENTLY IF EXISTS "+qualified(l.Name))
		}
	}
	for _, d := range catalog.Diff(want, p.live) {
		if d.Leftover {
			drops = append(drops, "DROP INDEX CONCURRENTLY IF EXISTS "+d.Qualified())
		}
	}
	return statements(drops, true)
}

// uncopiedIndexes returns the names of the INVALID indexes, which pg_dump omits, without those that the migrator drops
// and builds again when the plan builds an index under their name.
func (p *repairing) uncopiedIndexes(want catalog.Catalog) (names []string) {
	for l := range p.live.All() {
		if _, st := l.CutState(); l.Kind == "index" && strings.HasPrefix(st, "INVALID") && !p.partitioned(l.Name) && !l.IsCopy(want) {
			names = append(names, qualified(l.Name))
		}
	}
	return names
}

// qualified returns the name of an index in SQL, from its name in a catalog.
func qualified(name string) string {
	table, index := catalog.CutName(name)
	schema, _ := catalog.CutName(table)
	return schema + "." + index
}

// partitioned reports whether the index of that name in the live catalog is a partitioned table's.
func (p *repairing) partitioned(index string) bool {
	table, _ := catalog.CutName(index)
	def, _ := p.live.Def("table", table)
	return strings.HasPrefix(def, "partitioned ")
}

// needed are the kinds of objects outside schema files that tables may use, needing those that use tables.
var (
	needed = []string{"extension", "collation", "domain", "composite", "range", "type", "function", "procedure", "aggregate", "operator", "sequence"}

	needing = []string{"view", "materialized view", "trigger", "policy", "rule", "statistics", "publication"}
)

// create returns the statements that create the missing objects of some kinds, as pg_dump writes them. What exists with
// another definition is left to the user.
func (p *repairing) create(ctx context.Context, want *state.State, have catalog.Catalog, kinds []string) ([]Script, error) {
	missing := map[string]bool{}
	there := map[string]bool{}
	for l := range have.All() {
		there[key(l)] = true
	}
	for l := range want.Catalog.All() {
		if !l.Comment && slices.Contains(kinds, l.Kind) && !there[key(l)] {
			name := l.Name
			if i := strings.IndexByte(name, '('); i > 0 {
				name = name[:i] // of a function
			}
			missing[l.Kind+" "+name] = true
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	dump, err := want.DB.Dump(ctx)
	if errors.As(err, new(*devdb.NoDumpError)) {
		return nil, &NoServerError{err}
	}
	if err != nil {
		return nil, err
	}
	stmts, err := state.DumpStatements(dump)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, stmt := range stmts {
		kind, name, ok := creates(stmt)
		if ok && missing[kind+" "+name] {
			list = append(list, stmt.Text)
		}
	}
	return statements(list, false), nil
}

// creates returns the kind and the name, as in a catalog, of what a statement of pg_dump creates.
func creates(stmt pgsql.Stmt) (kind, name string, ok bool) {
	st := stmt.Parse()
	verb, ok := strings.CutPrefix(st.Verb, "CREATE ")
	if !ok || len(st.Targets) == 0 {
		return "", "", false
	}
	kind = strings.ToLower(verb)
	t := st.Targets[0]
	name = pgsql.QualifiedIdent(t.Schema, t.Name)
	switch kind {
	case "extension", "publication":
		name = pgsql.Ident(t.Name)
	case "type":
		kind = "composite"
	case "trigger", "policy", "rule":
		before := "ON"
		if kind == "rule" {
			before = "TO"
		}
		table, _, ok := st.Rest.Name(st.Rest.Find(0, before) + 1)
		if !ok {
			return "", "", false
		}
		name = pgsql.QualifiedIdent(table.Schema, table.Name) + "." + pgsql.Ident(t.Name)
	}
	return kind, name, true
}

// renames returns the statements that give indexes and keys of partitions the wanted names. A plan chooses names for
// them as it builds them.
func renames(want, have catalog.Catalog) []Script {
	var list []string
	for _, d := range catalog.Diff(want, have) {
		schema, _ := catalog.CutName(d.Table)
		switch {
		case d.Named == "" || strings.HasPrefix(d.Want, "CHECK "): // an inherited check has its parent's name
		case d.Kind == "index":
			list = append(list, "ALTER INDEX "+schema+"."+d.Named+" RENAME TO "+d.Object)
		case d.Kind == "constraint":
			list = append(list, "ALTER TABLE "+d.Table+" RENAME CONSTRAINT "+d.Named+" TO "+d.Object)
		}
	}
	return statements(list, true)
}

// scripts returns the scripts for the migrator. If the user's statements run first, the rows are looked at after them.
func (p *repairing) scripts() []migrator.RepairScript {
	var list []migrator.RepairScript
	for i, s := range p.out.Scripts {
		list = append(list, migrator.RepairScript{Name: s.Name, Stmts: p.stmts[i], TxNone: s.TxNone})
	}
	if p.firsts > 0 && len(list) > p.firsts {
		list[p.firsts].Before = func(ctx context.Context, conn *pgx.Conn) error {
			found, err := p.violations(ctx, conn)
			if err == nil && len(found) > 0 {
				err = &DecisionError{Decisions: found, After: p.cfg.First.Name}
			}
			return err
		}
	}
	return list
}

// tables returns the tables that the scripts change, sorted.
func (p *repairing) tables() []string {
	var names []string
	for i, stmts := range p.stmts {
		for _, s := range stmts {
			if ix, ok := s.Index(); ok && ix.Table != "" {
				names = append(names, pgsql.QualifiedIdent(cmp.Or(ix.TableSchema, "public"), ix.Table))
				continue
			}
			if st := s.Parse(); st.Verb == "ALTER TABLE" || st.Verb == "UPDATE" || st.Verb == "DELETE" || st.Verb == "DROP TABLE" {
				for _, t := range st.Targets {
					names = append(names, pgsql.QualifiedIdent(cmp.Or(t.Schema, "public"), t.Name))
				}
			}
		}
		for _, h := range p.out.Scripts[i].Hazards {
			names = append(names, h.Table)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// violations returns the planned statements that fail because of rows.
func (p *repairing) violations(ctx context.Context, conn *pgx.Conn) ([]Decision, error) {
	var list []Decision
	for _, s := range p.out.Scripts {
		for _, h := range s.Hazards {
			if h.Kind != hazard.Violated || h.Query.Empty() {
				continue
			}
			d, err := violation(ctx, conn, h)
			if err != nil {
				return nil, err
			}
			if d.Rows > 0 {
				list = append(list, d)
			}
		}
	}
	return list, nil
}
