// Package ibutsuschema embeds Ibutsu's schema file, the tool's configuration, and the migrations.
//
// Only these three inputs are specific to Ibutsu. The other packages read them through an fs.FS and know none of its
// tables, so another project can replace the inputs and keep the rest.
package ibutsuschema

import "embed"

// Files holds schema.hcl, atlas.hcl and the migrations folder with its checksums, down files and effects, under the
// same paths as in the repository. With -carried, for example in a container, the binary uses these.
//
// Each pattern also matches a file that is always there, embed.go or one of the magefiles, because a pattern that
// matches nothing doesn't compile, and a project may begin without a schema file and without migrations. No pattern
// matches mage_output_file.go, which `mage -compile` makes and removes.
//
//go:embed [aes]*.[gh]* m*/[0-9at]* m*/[de]*
var Files embed.FS

// Hazards holds the pages about what lint looks for, docs/hazards/NAME.md.
//
//go:embed docs/hazards
var Hazards embed.FS
