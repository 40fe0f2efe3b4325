package plan

import (
	"fmt"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
)

// files returns the files of a plan, in order.
func files(cfg Config, planned []online.File) ([]File, error) {
	var out []File
	used := map[string]int{}
	for i, p := range planned {
		name := cfg.Name
		if p.Step != "" {
			name += "_" + p.Step
		}
		if used[name]++; used[name] > 1 {
			name += fmt.Sprintf("_%d", used[name])
		}
		f, err := file(cfg, i, name, p)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// file returns the n-th file of a plan, from 0.
func file(cfg Config, n int, name string, p online.File) (File, error) {
	f := File{
		Version: migration.NextVersion(cfg.Dir, cfg.Time(), n), Losses: p.Losses,
		Hazards: p.Up.Hazards, DownHazards: p.Down.Hazards, NoWayBack: p.Irreversible, renames: p.Renames,
		Contract: p.Contract, passing: p.Passing,
	}
	f.Name = f.Version + "_" + name + ".sql"
	f.SQL, f.Down = Text(p.Up, p.Contract), Text(p.Down, false)
	switch {
	case p.Irreversible != "":
		f.Down = "-- alembic:down none " + p.Irreversible + "\n\n"
	case len(p.Down.Statements) == 0:
		f.Down = "-- Nothing to revert: the schema is the same before and after.\n"
	}
	for _, s := range p.Up.Statements {
		f.Does = append(f.Does, s.Does...)
	}
	f.up = proof.Script{File: f.Name, TxNone: p.Up.TxNone}
	f.down = proof.Script{File: migration.DownDir + "/" + f.Name, TxNone: p.Down.TxNone, None: p.Irreversible != ""}
	var err error
	if f.up.Stmts, err = pgsql.Split(f.SQL); err != nil {
		return File{}, fmt.Errorf("reading the planned %s: %w", f.up.File, err)
	}
	if f.down.Stmts, err = pgsql.Split(f.Down); err != nil {
		return File{}, fmt.Errorf("reading the planned %s: %w", f.down.File, err)
	}
	return f, nil
}

// regrant appends the grants that restore the privileges on what a file drops and creates again.
func (f *File) regrant(g proof.Grants) {
	const note = "Restores the privileges that migrations granted on what was dropped and created again."
	add := func(text *string, grants []string) {
		for i, g := range grants {
			s := online.Statement{SQL: g}
			if i == 0 {
				s.Comment = []string{note}
			}
			*text += "\n" + statement(s)
		}
	}
	add(&f.SQL, g.Up)
	add(&f.Down, g.Down)
	for i, s := range g.Up {
		if i == 0 {
			s = note
		}
		s, _, _ = strings.Cut(pgsql.Mask(s), "\n")
		f.Does = append(f.Does, s)
	}
}

// Text returns a file's text: its directives, its hazards, its statements.
func Text(s online.Script, contract bool) string {
	head := ""
	if s.TxNone {
		head = "-- atlas:txmode none\n"
	}
	if contract {
		head += "-- migrate:contract\n"
	}
	if head != "" {
		head += "\n"
	}
	var stmts []string
	for _, stmt := range s.Statements {
		stmts = append(stmts, statement(stmt))
	}
	return head + hazardComment(s.Hazards) + strings.Join(stmts, "\n")
}

// statement returns a statement with its comment.
func statement(s online.Statement) string {
	var b strings.Builder
	for _, l := range s.Comment {
		b.WriteString(pgsql.LineComment(l) + "\n")
	}
	return b.String() + s.SQL + ";\n"
}
