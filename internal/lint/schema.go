package lint

import (
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// droppedSchemas finds dropped schemas.
func droppedSchemas(s *step) (found findings) {
	for oid := range changed(s.before.schemas, s.after.schemas) {
		if s.after.schemas.Get(oid) != "" || s.trace.base.schemas.Get(oid) == "" {
			continue
		}
		tables := 0
		for _, r := range s.before.relations.All() {
			if r.Schema == s.before.schemas.Get(oid) && r.isTable() {
				tables++
			}
		}
		found.add(s, "drop-schema", Diagnostic{
			Text: fmt.Sprintf("dropping schema %s deletes everything in it (%s)", pgsql.Ident(s.before.schemas.Get(oid)), words.Plural(tables, "table")),
			Fix:  fix.Words("empty the schema in earlier releases, then drop it without CASCADE"),
		})
	}
	return found
}

// inDroppedSchema reports whether a relation was dropped with its schema.
func inDroppedSchema(s *step, r *relation) bool {
	oid := s.before.schema(r.Schema)
	return oid != 0 && s.after.schemas.Get(oid) == ""
}

// schema returns the OID of a schema, 0 if there is none with that name.
func (s *snapshot) schema(name string) uint32 {
	for oid, n := range s.schemas.All() {
		if n == name {
			return oid
		}
	}
	return 0
}

// renamedSchemas finds renamed schemas.
func renamedSchemas(s *step) (found findings) {
	for oid := range changed(s.before.schemas, s.after.schemas) {
		from := s.before.schemas.Get(oid)
		if to := s.after.schemas.Get(oid); to != "" && to != from && s.trace.base.schemas.Get(oid) != "" {
			found.add(s, "rename-schema", Diagnostic{
				Text: fmt.Sprintf("renaming schema %s to %s breaks everything that still uses the old name", pgsql.Ident(from), pgsql.Ident(to)),
				Fix:  fix.Words("create a new schema, and move the old one's contents when its readers have moved"),
			})
		}
	}
	return found
}

// renames reports whether an object has a new name, or a new schema that isn't just the old one renamed.
func (s *step) renames(fromSchema, from, toSchema, to string) bool {
	return from != to || fromSchema != toSchema && s.after.schemas.Get(s.before.schema(fromSchema)) != toSchema
}

func renamedObject(kind, from, to string) Diagnostic {
	return Diagnostic{
		Text: fmt.Sprintf("renaming %s %s to %s breaks everything that still uses the old name", kind, from, to),
		Fix:  fix.Words("create a new one next to the old one, and drop the old one later"),
	}
}
