package proof

import (
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// rememberedSchema is the size in bytes of a schema file from which creating what it declares takes longer than hashing
// the program, which the fact includes.
const rememberedSchema = 64 << 10

// Same reports whether an earlier command found that the migrations produce what the schema file declares. It doesn't
// look at small schema files.
func Same(base Base) bool {
	f, ok := same(base)
	return ok && base.Server.Facts()[f]
}

// RememberSame remembers for Same that the migrations produce what the schema file declares.
func RememberSame(base Base) {
	if f, ok := same(base); ok {
		base.Server.Remember([]devdb.Fact{f})
	}
}

func same(base Base) (f devdb.Fact, ok bool) {
	if len(base.Schema) < rememberedSchema {
		return f, false
	}
	tool, err := executable()
	if err != nil {
		return f, false
	}
	names := state.Names(base.Dir.Files()) // the last state is the first
	return fact("same", tool, base.Options, names[:min(1, len(names))], []string{string(base.Schema)}), true
}
