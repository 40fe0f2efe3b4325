// Package ibutsuschema carries Ibutsu's schema: what it should be, how the tool
// is configured, and the migrations that lead there.
//
// The three inputs are all that is Ibutsu's in this module. The other packages
// read them through an fs.FS and know no table, so another project replaces the
// inputs and keeps the rest.
package ibutsuschema

import "embed"

// Files holds schema.hcl, atlas.hcl and the migrations folder with its sums,
// down files and effects, under the same paths as in the repository. A binary
// that is told to (-carried), as in a container, applies these.
//
//go:embed schema.hcl atlas.hcl migrations
var Files embed.FS
