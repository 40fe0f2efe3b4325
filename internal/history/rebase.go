package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/gitdiff"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// A Move is a migration that got another version.
type Move struct {
	From, To string // names
	// RevisionFrom and RevisionTo are the revision ids; they are the same if the file names one.
	RevisionFrom, RevisionTo string
}

// A Mention is a place in a branch's own files that still names the old version of one.
type Mention struct {
	File    string // relative to the migrations folder
	Line    int    // from 1
	Version string
}

// A RebaseResult is what Rebase did.
type RebaseResult struct {
	Base  string // the branch: "origin/main"
	Moved []Move // none if the branch's own files come after the base's already
	// Remade are names of the branch's own checkpoints that were made again, since what is before them changed.
	Remade   []string
	Mentions []Mention
	// Findings are what Check finds now that the files are moved: above all that they are not
	// what the schema file needs any more.
	Findings []proof.Finding
	Outside  []state.Outside
	// Sums says that the sum files did not fit, and do now.
	Sums bool

	own []string // the branch's own migrations, by their new names
}

// OK says whether nothing was found.
func (r *RebaseResult) OK() bool { return len(r.Findings) == 0 }

// A BaseError says why the branch's own files cannot be moved after the base's.
type BaseError struct {
	Base string
	Msg  string
}

func (e *BaseError) Error() string { return e.Msg }

// A MoveError is a migration of the branch that fails after the base's. Nothing was moved.
type MoveError struct {
	Move Move
	Base string
	Err  *runner.StmtError // with the new name
}

func (e *MoveError) Error() string {
	return fmt.Sprintf("nothing was moved: after the migrations of %s, %s:%d:%d fails: %s\n  in: %s\ndelete %s with its down and effect file and run plan again, or if it was written by hand, make it fit and run rebase again",
		e.Base, e.Move.From, e.Err.Pos.Line, e.Err.Pos.Col, e.Err.Reason(), strings.ReplaceAll(pgsql.Mask(e.Err.Stmt), "\n", "\n      "), e.Move.From)
}

func (e *MoveError) Unwrap() error { return e.Err }

// Rebase moves the branch's own migrations in the folder root after those of its base, if one
// of them comes before: they get new versions, in their order; down and effect files go with
// them, effects are measured again and the sums are made to fit. git's base is found as
// base says, a revision or "" for the default. Own is what neither the merge base nor the
// base's tip has, uncommitted files included. It does not matter what the sum files say: they
// are made to fit also if there is nothing to move.
//
// Then it is checked as by Check. What is found is in the result; the files are moved all the
// same, for their order is right. cfg.Dir is not looked at.
//
// The error is a *gitdiff.Error or a *BaseError if the base is not to be had or not merged, a
// *MoveError for a migration that fails in its new place, a *runner.StmtError for one of the
// base's, migration.Errors for files that make no sense. Then nothing was written.
func Rebase(ctx context.Context, cfg plan.Config, root, base string) (*RebaseResult, error) {
	d, err := gitdiff.Compare(ctx, gitdiff.Config{Root: root, Base: base})
	if err != nil {
		return nil, err
	}
	fsys, err := tree.Open(ctx, root)
	if err != nil {
		return nil, fmt.Errorf("opening the migrations folder: %w", err)
	}
	defer fsys.Close()
	here, err := migrationNames(fsys)
	if err != nil {
		return nil, err
	}
	if err := merged(d, root, here); err != nil {
		return nil, err
	}
	r := &RebaseResult{Base: d.Base}
	moves := r.moves(cfg, d, here)
	now, unread := migration.Read(fsys)
	r.Sums = unread != nil || now.Verify() != nil
	if len(moves) == 0 && !r.Sums {
		return r, nil
	}
	renaming, err := migration.Rename(fsys, moves)
	if err != nil {
		return nil, cmp.Or(unread, err) // in the names that the files have
	}
	r.revisions(renaming.Dir)
	cfg.Dir = renaming.Dir
	effects := make(map[string]string)
	if err := r.remake(ctx, &cfg, renaming, effects); err != nil {
		return nil, r.moveError(err)
	}
	checked, w, err := check(ctx, cfg.Base)
	if err != nil {
		return nil, r.moveError(err)
	}
	for name, effect := range w.Effects() {
		if slices.Contains(r.own, name) {
			effects[name] = effect
		}
	}
	r.Outside = checked.Outside
	for _, f := range checked.Findings {
		switch {
		case f.Kind == proof.FindingEffect && effects[strings.TrimSuffix(filepath.Base(f.File), ".txt")+".sql"] != "":
			continue // it was measured again
		case f.Kind == proof.FindingPlan:
			f.Text = r.stale(cfg.SchemaName)
		}
		r.Findings = append(r.Findings, f)
	}
	r.mention(cfg.Dir)
	return r, renaming.Write(ctx, root, effects)
}

// migrationNames returns the names of the migrations in the folder, also of one that cannot
// be read as a directory of migrations as it is.
func migrationNames(fsys fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("reading the migrations folder: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ".sql") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// merged returns an error unless the folder root has all of the base's migrations as they are there.
func merged(d *gitdiff.Diff, root string, here []string) error {
	refuse := func(format string, args ...any) error {
		return &BaseError{Base: d.Base, Msg: fmt.Sprintf(format, args...) + ", then run rebase again"}
	}
	for _, name := range d.Upstream {
		restore := fmt.Sprintf("(git checkout %s -- %s)", fix.ShellWord(d.Base), fix.ShellWord(fromHere(root, name)))
		switch found, merged := slices.Contains(here, name), slices.Contains(d.Merged, name); {
		case found && !slices.Contains(d.EditedTip, name):
		case found: // edited, or added by both branches
			return refuse("%s is merged into %s and is another here: keep what this branch adds under another name, restore the file %s", name, d.Base, restore)
		case merged:
			return refuse("%s is merged into %s and was deleted or renamed here: restore it %s", name, d.Base, restore)
		default:
			return refuse("%s has %s, which is not here: merge %s first (git merge %s, or git rebase %s)", d.Base, name, d.Base, fix.ShellWord(d.Base), fix.ShellWord(d.Base))
		}
	}
	return nil
}

// fromHere is the path of a file in the folder root from the current folder, where commands are typed.
func fromHere(root, name string) string {
	path := filepath.Join(root, name)
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(here, path); err == nil {
			return rel
		}
	}
	return path
}

// moves works out the new names. From the first of the own files that does not come after
// the base's on all of them move, so that they keep their order.
func (r *RebaseResult) moves(cfg plan.Config, d *gitdiff.Diff, here []string) map[string]string {
	last := ""
	for _, name := range d.Upstream {
		last = max(last, version(name))
	}
	var own []string
	for _, name := range here {
		if !slices.Contains(d.Upstream, name) && !slices.Contains(d.Merged, name) && migration.HasVersion(name) {
			own = append(own, name)
		}
	}
	if len(own) == 0 || version(own[0]) > last {
		r.own = own
		return nil
	}
	// After the own ones, too: no new name is another's old one.
	for _, name := range own {
		last = max(last, version(name))
	}
	moves := make(map[string]string, len(own))
	for i, name := range own {
		to := migration.VersionAfter(last, cfg.Time(), i) + strings.TrimPrefix(name, version(name))
		moves[name] = to
		r.own = append(r.own, to)
		r.Moved = append(r.Moved, Move{From: name, To: to})
	}
	return moves
}

// version is a migration's version by its name.
func version(name string) string {
	v, _, _ := strings.Cut(strings.TrimSuffix(name, ".sql"), "_")
	return v
}

// revisions notes the moved files' revision ids.
func (r *RebaseResult) revisions(dir *migration.Dir) {
	for i := range r.Moved {
		m := &r.Moved[i]
		for _, f := range dir.Files() {
			if f.Name != m.To {
				continue
			}
			m.RevisionFrom, m.RevisionTo = f.Revision, f.Revision
			if f.Revision == f.Version {
				m.RevisionFrom = version(m.From)
			}
		}
	}
}

// remake makes the moved checkpoints again.
func (r *RebaseResult) remake(ctx context.Context, cfg *plan.Config, renaming *migration.Renaming, effects map[string]string) error {
	texts := make(map[string]string)
	for _, c := range cfg.Dir.Checkpoints() {
		if !r.moved(c.Name) {
			continue
		}
		made, err := makeCheckpoint(ctx, *cfg, c.Name, c.Through)
		if err != nil {
			return err
		}
		texts[c.Name], effects[c.Name] = made.sql, made.effect.String()
		r.Remade = append(r.Remade, c.Name)
	}
	if len(texts) == 0 {
		return nil
	}
	err := renaming.Rewrite(texts)
	cfg.Dir = renaming.Dir
	return err
}

func (r *RebaseResult) moved(to string) bool {
	return slices.ContainsFunc(r.Moved, func(m Move) bool { return m.To == to })
}

// moveError says of a moved migration that fails that it is one.
func (r *RebaseResult) moveError(err error) error {
	var stmt *runner.StmtError
	if !errors.As(err, &stmt) {
		return err
	}
	for _, m := range r.Moved {
		if m.To == stmt.File {
			return &MoveError{Move: m, Base: r.Base, Err: stmt}
		}
	}
	return err
}

// stale says that the schema file needs something else than what was moved.
func (r *RebaseResult) stale(schema string) string {
	n := len(r.own)
	if n == 0 {
		return schema + " and the migrations differ: run plan"
	}
	if n == 1 {
		return fmt.Sprintf("after the migrations of %s, %s is no longer what %s needs: delete it with its down and effect file and run plan again, or run plan for what is left", r.Base, r.own[0], schema)
	}
	return fmt.Sprintf("after the migrations of %s, %s and %s are no longer what %s needs: delete them with their down and effect files and run plan again, or run plan for what is left", r.Base, strings.Join(r.own[:n-1], ", "), r.own[n-1], schema)
}

// mention finds where the moved files still name an old version of one of them.
func (r *RebaseResult) mention(dir *migration.Dir) {
	look := func(file, text string) {
		for n, line := range strings.Split(text, "\n") {
			for _, m := range r.Moved {
				if v := version(m.From); strings.Contains(line, v) {
					r.Mentions = append(r.Mentions, Mention{File: file, Line: n + 1, Version: v})
				}
			}
		}
	}
	for _, f := range dir.Files() {
		if !r.moved(f.Name) {
			continue
		}
		look(f.Name, f.SQL)
		if f.Down != nil {
			look(migration.DownDir+"/"+f.Name, f.Down.SQL)
		}
	}
}
