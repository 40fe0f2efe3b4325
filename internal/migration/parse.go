package migration

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"runtime"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/sync/errgroup"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// parse makes a Dir of the folder's files.
func parse(f *folder) (*Dir, error) {
	p := &parser{folder: f, marked: make(map[string]int)}
	d := &Dir{folder: f, all: make([]*File, len(f.up))}
	var sums errgroup.Group
	sums.Go(func() (err error) {
		d.sum, err = hashes(f.up)
		return err
	})
	sums.Go(func() (err error) {
		d.down, err = hashes(f.down)
		return err
	})
	p.each(len(f.up), func(p *parser, i int) { d.all[i] = p.file(f.up[i]) })
	if err := sums.Wait(); err != nil {
		return nil, err
	}
	byName := make(map[string]*File, len(f.up))
	for i, file := range d.all {
		file.Hash = d.sum[i].H
		byName[file.Name] = file
	}
	p.order(d.all)
	p.checkpoints(d)
	p.revisions(d.files)
	p.each(len(f.down), func(p *parser, i int) {
		src := f.down[i]
		file, ok := byName[src.name]
		if !ok {
			p.add(path.Join(DownDir, src.name), 0, 0, "there is no migration %s for this down file: give it its migration's name, or delete it", src.name)
			return
		}
		file.Down = p.downFile(src)
		file.Down.Hash = d.down[i].H
	})
	p.queries(byName, f.done)
	p.effects(d.all, f.effects)
	switch {
	case len(p.errs) == 0:
		return d, nil
	case p.errs.Readable():
		return d, p.errs
	}
	return nil, p.errs
}

// effects reports git's conflict markers in effect files. Package catalog parses everything else in them.
func (p *parser) effects(files []*File, texts map[string]string) {
	for _, f := range files {
		if line := tree.ConflictLine(texts[effectName(f.Name)]); line > 0 {
			p.add(path.Join(EffectDir, effectName(f.Name)), line, 0, "git's conflict markers: delete the file and run `rehash`, which measures it")
		}
	}
}

type parser struct {
	folder *folder
	errs   Errors
	marked map[string]int // checkpoints: name -> line of the directive
}

// each calls parse for the numbers below n, on all processors, each with its own parser. It adds their errors to p in
// order.
func (p *parser) each(n int, parse func(p *parser, i int)) {
	const atLeast = 32 // files that make another goroutine worthwhile
	parts := make([]parser, max(1, min(runtime.GOMAXPROCS(0), n/atLeast)))
	var wg sync.WaitGroup
	for k := range parts {
		parts[k].folder = p.folder
		wg.Go(func() {
			for i := k * n / len(parts); i < (k+1)*n/len(parts); i++ {
				parse(&parts[k], i)
			}
		})
	}
	wg.Wait()
	for _, part := range parts {
		p.errs = append(p.errs, part.errs...)
		maps.Copy(p.marked, part.marked)
	}
}

func (p *parser) add(file string, line, col int, format string, args ...any) {
	p.errs = append(p.errs, &FileError{File: file, Line: line, Col: col, Msg: fmt.Sprintf(format, args...)})
}

// transaction adds an error about the transaction mode.
func (p *parser) transaction(file string, pos pgsql.Pos, format string, args ...any) {
	p.add(file, pos.Line, pos.Col, format, args...)
	p.errs[len(p.errs)-1].Transaction = true
}

func (p *parser) file(src source) *File {
	f := &File{Name: src.name, SQL: src.text}
	f.Version, f.Desc = splitName(src.name)
	if p.foreignName(f) {
		f.Version = "" // which isn't compared with other versions
	} else {
		p.version(f)
	}
	var h header
	f.Stmts, h = p.body(src.name, src.text, false)
	f.TxNone, f.LockTimeout, f.Contract = h.txNone, h.lockTimeout, h.contract > 0
	if h.done != nil {
		f.Done = &Query{f.Name, *h.done}
	}
	if h.checkpoint > 0 {
		p.mark(f, h)
	}
	f.Revision = h.revision
	if f.Revision == "" {
		f.Revision = f.Version
	}
	f.effects = func() (map[string]string, error) { return p.folder.effects, nil }
	return f
}

func (p *parser) downFile(src source) *Down {
	d := &Down{Name: src.name, SQL: src.text}
	var h header
	name := path.Join(DownDir, src.name)
	d.Stmts, h = p.body(name, src.text, true)
	d.TxNone, d.None, d.LockTimeout = h.txNone, h.downNone, h.lockTimeout
	if d.None != "" && len(d.Stmts) > 0 {
		at := d.Stmts[0].Pos
		p.add(name, at.Line, at.Col, "the file has the directive \"%s none\" and a statement: remove one of them", alembicDown)
	}
	return d
}

// version checks the file's name. A version has only digits, so that all tools sort the folder in the same order.
func (p *parser) version(f *File) {
	switch {
	case strings.ContainsFunc(f.Name, unicode.IsControl):
		p.add(f.Name, 0, 0, "the name contains a control character, which atlas.sum can't: rename the file")
	case !isNumber(f.Version):
		p.add(f.Name, 0, 0, "the name has no version: %s, or move it out of the folder", nameIt)
	case len(f.Version) > maxVersion:
		p.add(f.Name, 0, 0, "the version has %d digits, but alembic_version.version_num holds %d", len(f.Version), maxVersion)
	}
}

// splitName returns the version and the description in "VERSION_description.sql".
func splitName(name string) (version, desc string) {
	version, desc, _ = strings.Cut(strings.TrimSuffix(name, ".sql"), "_")
	return version, desc
}

// HasVersion reports whether a file's name begins with a version, as a migration's does.
func HasVersion(name string) bool {
	version, _ := splitName(name)
	return isNumber(version)
}

func isNumber(version string) bool {
	return version != "" && strings.Trim(version, "0123456789") == ""
}

// order checks that the files, sorted by name, are also sorted by version, both as text and as numbers. Atlas sorts by
// name and compares versions as text; people compare numbers. 9_a.sql, 10_b.sql and 1_c.sql have three orders.
func (p *parser) order(files []*File) {
	for i := 1; i < len(files); i++ {
		a, b := files[i-1], files[i]
		switch {
		case !isNumber(a.Version) || !isNumber(b.Version):
		case a.Version == b.Version:
			p.add(b.Name, 0, 0, "the version %s is also that of %s: give one of them a later version", b.Version, a.Name)
		case a.Version > b.Version || !numberLess(a.Version, b.Version):
			p.add(b.Name, 0, 0, "it comes before or after %s depending on whether versions are sorted as text or as numbers: give both versions the same number of digits", a.Name)
		}
	}
}

// revisions checks that a revision id names only one file, as an id or as a version.
func (p *parser) revisions(files []*File) {
	ids := make(map[string]*File, 2*len(files))
	for _, f := range files {
		ids[f.Version] = f
	}
	for _, f := range files {
		if f.Revision == f.Version {
			continue
		}
		if first, ok := ids[f.Revision]; ok && first != f {
			p.add(f.Name, 0, 0, "the revision id %s is also that of %s: give one of them another", f.Revision, first.Name)
			continue
		}
		ids[f.Revision] = f
	}
}

// body reads statements and directives, and checks that the statements can run in the chosen transaction mode.
func (p *parser) body(name, text string, down bool) ([]pgsql.Stmt, header) {
	if line := tree.ConflictLine(text); line > 0 {
		p.add(name, line, 0, "git's conflict markers: resolve the conflict")
		return nil, header{}
	}
	if p.foreign(name, text, down) {
		return nil, header{}
	}
	stmts, err := pgsql.Split(text)
	if err != nil {
		var syntax *pgsql.SyntaxError
		if !errors.As(err, &syntax) {
			p.add(name, 0, 0, "%v", err)
			return nil, header{}
		}
		// Rows and commands for psql may contain anything.
		before, _ := pgsql.Split(text[:syntax.Pos.Offset])
		if !p.psql(name, text, before) {
			p.add(name, syntax.Pos.Line, syntax.Pos.Col, "%s", syntax.Msg)
		}
		return nil, header{}
	}
	if p.psql(name, text, stmts) {
		return nil, header{}
	}
	p.records(name, text, stmts)
	h := parseHeader(text, stmts, down, func(line int, format string, args ...any) {
		p.add(name, line, 0, format, args...)
	})
	for i, misfit := range runner.Check(stmts, h.txNone) {
		p.batch(name, stmts[i], h.txNone)
		if misfit != runner.Fits {
			p.transaction(name, stmts[i].Pos, "%s: %s", abbreviate(stmts[i].Text), instead(misfit, h.txNone))
		}
	}
	return stmts, h
}

// instead says why a statement can't run in the chosen transaction mode, and what to do.
func instead(misfit runner.Misfit, txNone bool) string {
	switch misfit {
	case runner.Controls:
		if txNone {
			return "a file with \"-- atlas:txmode none\" may have only BEGIN and COMMIT, without options, around statements that run in one transaction; remove it"
		}
		return "the file already runs in a transaction; remove it, or commit in batches with a DO block in a file with \"-- atlas:txmode none\""
	case runner.NeedsNone:
		if txNone {
			return "PostgreSQL refuses it in a transaction; move it before the BEGIN or after the COMMIT"
		}
		return "PostgreSQL refuses it in a transaction; put \"-- atlas:txmode none\" at the top of the file, followed by an empty line, and move what needs a transaction to another file"
	case runner.NeedsOne:
		return "it has no effect outside of a transaction; remove it, put it, with the statements that need it, between BEGIN and COMMIT, or move them to a file without \"-- atlas:txmode none\""
	case runner.Batched:
		return "batches commit one by one, and BEGIN and COMMIT make one transaction; move it before the BEGIN or after the COMMIT"
	case runner.Unclosed:
		return "no COMMIT ends this transaction; add one after the statements that belong to it, or remove BEGIN"
	case runner.Unopened:
		return "no BEGIN begins the transaction that this should end; remove it"
	case runner.Nested:
		return "a transaction has begun already; remove it, or end that one with COMMIT first"
	case runner.Empty:
		return "the transaction has no statements; remove BEGIN and COMMIT"
	}
	return ""
}

// batch checks a statement that is to run in batches.
func (p *parser) batch(name string, s pgsql.Stmt, txNone bool) {
	b, err := batch.Of(s)
	var wrong *batch.Error
	switch {
	case errors.As(err, &wrong):
		p.add(name, wrong.Pos.Line, wrong.Pos.Col, "%s", wrong.Msg)
	case b != nil && !txNone:
		p.transaction(name, s.Pos, "batches commit one by one, and the file runs in a transaction: put \"-- atlas:txmode none\" at the top of the file, followed by an empty line")
	}
}

// abbreviate returns the beginning of a statement, on one line.
func abbreviate(stmt string) string {
	const words, length = 6, 60
	fields := strings.Fields(pgsql.Mask(stmt))
	short := len(fields) > words
	if short {
		fields = fields[:words]
	}
	text := []rune(strings.Join(fields, " "))
	if len(text) > length {
		text, short = text[:length], true
	}
	if short {
		return string(text) + " ..."
	}
	return string(text)
}
