package state

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Privileges are the privileges that were granted or revoked on the objects of a state.
type Privileges struct {
	catalog catalog.Catalog // the state's
	list    []privilege
}

// A privilege is a row of grants.sql, which documents the columns.
type privilege struct {
	kind, name string
	what       string
	object     string
	part       string
	by         string
	role       string
	own        bool
	privilege  string
	grantable  bool
}

//go:embed grants.sql
var grantsSQL string

func readPrivileges(ctx context.Context, conn *pgx.Conn) (list []privilege, err error) {
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog"); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, grantsSQL, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p privilege, err error) {
			err = row.Scan(&p.kind, &p.name, &p.what, &p.object, &p.part, &p.by, &p.role, &p.own, &p.privilege, &p.grantable)
			return p, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading privileges: %w", err)
	}
	return list, nil
}

// gather merges rows that differ only in the privilege.
func gather(list []privilege, sep string) []privilege {
	var out []privilege
	at := map[privilege]int{}
	for _, p := range list {
		key := p
		key.privilege = ""
		if i, ok := at[key]; ok {
			out[i].privilege += sep + p.privilege
			continue
		}
		at[key] = len(out)
		out = append(out, p)
	}
	return out
}

// forDisplay merges privileges for String.
func forDisplay(list []privilege) []privilege {
	list = slices.Clone(list)
	for i := range list {
		if p := &list[i]; p.grantable {
			p.privilege, p.grantable = p.privilege+" WITH GRANT OPTION", false
		}
	}
	return gather(list, " and ")
}

// String returns "SELECT and INSERT on table public.t to reader".
func (p privilege) String() string {
	role, to := p.role, " to "
	if p.own {
		role = "its owner"
	}
	if p.what == "revoked privilege" {
		to = " from "
	}
	text := p.privilege + " on " + p.line() + to + role
	if p.by != "" {
		text += " by " + p.by
	}
	return text
}

// line returns what the privilege is on: "column public.t.a".
func (p privilege) line() string {
	if p.part == "" {
		return p.object
	}
	_, name, _ := strings.Cut(p.object, " ")
	return "column " + name + "." + p.part
}

// statements returns statements that restore the privileges, or remove them if give is false.
func statements(list []privilege, give bool) []string {
	list = slices.Clone(list)
	for i := range list {
		if p := &list[i]; p.part != "" {
			p.privilege += " (" + p.part + ")"
		}
	}
	var out []string
	for _, p := range gather(list, ", ") {
		kind, name, _ := strings.Cut(p.object, " ")
		on := p.privilege + " ON " + strings.ToUpper(kind) + " " + name
		switch {
		case give == (p.what == "revoked privilege"):
			out = append(out, "REVOKE "+on+" FROM "+p.role)
		case p.grantable:
			out = append(out, "GRANT "+on+" TO "+p.role+" WITH GRANT OPTION")
		default:
			out = append(out, "GRANT "+on+" TO "+p.role)
		}
	}
	return out
}

// Privileges returns the privileges on the state's objects. Catalog must be current.
func (s *State) Privileges(ctx context.Context) (Privileges, error) {
	list, err := readPrivileges(ctx, s.db.native)
	return Privileges{s.Catalog, list}, err
}

// PrivilegesAfter is like Privileges for a state that had the privileges before and then ran a plan's statements, which
// grant nothing. If there were none before, it doesn't query the database.
func (s *State) PrivilegesAfter(ctx context.Context, before Privileges) (Privileges, error) {
	if len(before.list) == 0 {
		return Privileges{catalog: s.Catalog}, nil
	}
	return s.Privileges(ctx)
}

// Regrant restores the privileges on objects that were dropped and created again under the same name. It returns the
// statements that it ran, if any. Catalog must be current. The error is a *LossError if privileges can't be restored.
func (s *State) Regrant(ctx context.Context, before Privileges) ([]string, error) {
	if len(before.list) == 0 {
		return nil, nil
	}
	lost, gained, err := s.privilegesSince(ctx, before)
	if err != nil || len(lost)+len(gained) == 0 {
		return nil, err
	}
	stmts := append(statements(gained, false), statements(lost, true)...)
	for _, stmt := range stmts {
		// If a statement fails, its privileges are missing below.
		if err := s.db.run.Exec(ctx, stmt); err != nil && pgsql.SQLState(err) == "" {
			return nil, fmt.Errorf("granting again: %w", err)
		}
	}
	if lost, gained, err = s.privilegesSince(ctx, before); err != nil || len(lost)+len(gained) == 0 {
		return stmts, err
	}
	e := &LossError{}
	for _, p := range forDisplay(append(lost, gained...)) {
		e.Losses = append(e.Losses, Loss{Object: p.line(), What: p.what + " (" + p.String() + ")"})
	}
	return nil, e
}

// Ungranted returns the privileges on the objects of the live database of conn that the same objects of the state
// lack: "SELECT on table public.t to reader". Catalog must be current.
func (s *State) Ungranted(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	live, err := readPrivileges(ctx, conn)
	if err != nil {
		return nil, err
	}
	now, err := s.Privileges(ctx)
	if err != nil {
		return nil, err
	}
	live = slices.DeleteFunc(live, func(p privilege) bool { return now.has(p) || !p.existsIn(s.Catalog) })
	var list []string
	for _, p := range forDisplay(live) {
		list = append(list, p.String())
	}
	return list, nil
}

// privilegesSince returns the privileges that existing objects have lost and gained since before. It ignores default
// privileges, which don't belong to an object.
func (s *State) privilegesSince(ctx context.Context, before Privileges) (lost, gained []privilege, err error) {
	now, err := s.Privileges(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range before.list {
		if p.what == "default privilege" || now.has(p) {
			continue
		}
		is := p.existsIn(s.Catalog)
		if kind, name, _ := strings.Cut(p.object, " "); kind == "sequence" {
			if name, err = s.sequenceNow(ctx, name, p); err != nil {
				return nil, nil, err
			}
			p.object = kind + " " + name
			is = name != "" && !now.has(p)
		}
		if is {
			lost = append(lost, p)
		}
	}
	for _, p := range now.list {
		if p.what == "default privilege" || before.has(p) {
			continue
		}
		is := p.existsIn(before.catalog)
		if kind, name, _ := strings.Cut(p.object, " "); kind == "sequence" {
			def, _ := before.catalog.Def("column", p.name)
			_, is = before.catalog.Def(kind, name)
			is = is || strings.Contains(def, identity) || slices.ContainsFunc(before.list, func(b privilege) bool { return b.object == p.object })
		}
		if is {
			gained = append(gained, p)
		}
	}
	return lost, gained, nil
}

// identity is part of the definition of every identity column.
const identity = " as identity"

// sequenceNow returns the current name of a sequence that p was on. PostgreSQL chooses the name of an identity column's
// sequence; others are still called name. It returns "" if the sequence doesn't exist.
func (s *State) sequenceNow(ctx context.Context, name string, p privilege) (now string, err error) {
	err = s.db.native.QueryRow(ctx, `
SELECT coalesce((
	SELECT pg_catalog.format('%I.%I', sn.nspname, s.relname)
	FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class t ON t.oid = a.attrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
	JOIN pg_catalog.pg_depend d ON d.refobjid = t.oid AND d.refobjsubid = a.attnum AND d.deptype = 'i'
		AND d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
	JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
	WHERE a.attidentity <> '' AND pg_catalog.format('%I.%I.%I', tn.nspname, t.relname, a.attname) = $2
), CASE WHEN pg_catalog.to_regclass($1) IS NOT NULL THEN $1 ELSE '' END)`, name, p.name).Scan(&now)
	if err != nil {
		return "", fmt.Errorf("looking for sequence %s: %w", name, err)
	}
	return now, nil
}

// has reports whether l contains p. It ignores the catalog line and the name of an identity column's sequence.
func (l Privileges) has(p privilege) bool {
	return slices.ContainsFunc(l.list, func(h privilege) bool {
		if h.kind == "column" && p.kind == h.kind && p.name == h.name {
			h.object = p.object
		}
		h.kind, h.name = p.kind, p.name
		return h == p
	})
}

// existsIn reports whether a catalog has the object that the privilege is on.
func (p privilege) existsIn(c catalog.Catalog) bool {
	if p.kind == "" {
		return true
	}
	_, ok := c.Def(p.kind, p.name)
	if ok && p.part != "" {
		_, ok = c.Def("column", p.name+"."+p.part)
	}
	return ok
}

// On returns the statements that grant what was granted on an object, "table public.t" or "sequence public.s", or, if
// column isn't empty, on that column of a table to the column as. Names are SQL identifiers.
func (p Privileges) On(object, column, as string) []string {
	var list []privilege
	for _, g := range p.list {
		if g.object == object && g.part == column && g.what == "grant" {
			g.part = as
			list = append(list, g)
		}
	}
	return statements(list, true)
}
