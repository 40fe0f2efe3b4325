package proof

import (
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// rememberedSchema is the size in bytes of a schema file from which creating what it declares takes longer than hashing
// the program, which the facts include.
const rememberedSchema = 64 << 10

// Same is what is remembered about migrations that produce what a schema file declares. Nothing is remembered about a
// small file.
type Same struct {
	base  Base
	tool  []byte // nil for a small schema file
	known map[devdb.Fact]bool
}

// NewSame reads what earlier commands have remembered.
func NewSame(base Base) Same {
	s := Same{base: base}
	if len(base.Schema) < rememberedSchema {
		return s
	}
	if tool, err := executable(); err == nil {
		s.tool, s.known = tool, base.Server.Facts()
	}
	return s
}

// Likely reports whether the migrations have once produced what the schema file declares.
func (s Same) Likely() bool { return s.tool != nil && s.known[s.migrations()] }

// Sure reports whether the schema file declares replayed, which the migrations have produced now.
func (s Same) Sure(replayed catalog.Catalog) bool { return s.known[s.catalog(replayed)] }

// Remember remembers that the schema file declares replayed, which the migrations have produced.
func (s Same) Remember(replayed catalog.Catalog) {
	if s.tool != nil {
		s.base.Server.Remember([]devdb.Fact{s.migrations(), s.catalog(replayed)})
	}
}

func (s Same) migrations() devdb.Fact {
	names := state.Names(s.base.Dir.Files()) // the last state is the first
	return fact("same", s.tool, s.base.Options, names[:min(1, len(names))], []string{string(s.base.Schema)})
}

func (s Same) catalog(c catalog.Catalog) devdb.Fact {
	return fact("same catalog", s.tool, s.base.Options, nil, []string{string(s.base.Schema), c.String()})
}
