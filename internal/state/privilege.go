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

// Privileges are those that roles have on the objects of a state, other than what an object has by itself.
type Privileges struct {
	catalog catalog.Catalog // of the state
	list    []privilege
}

// A privilege is a row of grants.sql.
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

// gather joins privileges that differ in nothing else.
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

// forDisplay gathers privileges for String.
func forDisplay(list []privilege) []privilege {
	list = slices.Clone(list)
	for i := range list {
		if p := &list[i]; p.grantable {
			p.privilege, p.grantable = p.privilege+" WITH GRANT OPTION", false
		}
	}
	return gather(list, " and ")
}

// String is "SELECT and INSERT on table public.t to reader".
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

// line names what the privilege is on: "column public.t.a".
func (p privilege) line() string {
	if p.part == "" {
		return p.object
	}
	_, name, _ := strings.Cut(p.object, " ")
	return "column " + name + "." + p.part
}

// statements give roles the privileges, or take them away again.
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

// Privileges returns those of the state. Catalog must be as the database is.
func (s *State) Privileges(ctx context.Context) (Privileges, error) {
	list, err := readPrivileges(ctx, s.db.native)
	return Privileges{s.Catalog, list}, err
}

// PrivilegesAfter is Privileges for a state that comes from one with other privileges by a plan's statements, which grant nothing
// new: where nobody had any, nobody has.
func (s *State) PrivilegesAfter(ctx context.Context, before Privileges) (Privileges, error) {
	if len(before.list) == 0 {
		return Privileges{catalog: s.Catalog}, nil
	}
	return s.Privileges(ctx)
}

// Regrant gives the objects that the state has under the names that they had before, and that were made again since, the privileges
// that they had before. It returns the statements by which it did that, none if there was nothing to do. Catalog must be as the
// database is. The error is a *LossError if an object cannot have them.
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
		// What fails is found missing below.
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

// privilegesSince returns the privileges that objects which were there before have lost since, and those that they have gained.
// Default privileges belong to no object that is made again.
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

// identity is what the definition of an identity column holds.
const identity = " as identity"

// sequenceNow returns the name of the sequence that p was on, which was called name: an identity column's, whose name PostgreSQL
// chooses, or the one that is called so. It is empty if there is none.
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

// has says whether p is one of the privileges, whatever line of the catalog it is on and whatever an identity column's sequence is called.
func (l Privileges) has(p privilege) bool {
	return slices.ContainsFunc(l.list, func(h privilege) bool {
		if h.kind == "column" && p.kind == h.kind && p.name == h.name {
			h.object = p.object
		}
		h.kind, h.name = p.kind, p.name
		return h == p
	})
}

// existsIn says whether a catalog has what the privilege is on.
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
