package e2e

import (
	"encoding/json"
	"fmt"
	"strings"

	"ariga.io/atlas-go-sdk/atlasexec"
	"github.com/rogpeppe/go-internal/testscript"
)

// shapes are the SDK's types by name.
var shapes = map[string]func() any{
	"MigrateApply":  func() any { return new(atlasexec.MigrateApply) },
	"MigrateDown":   func() any { return new(atlasexec.MigrateDown) },
	"MigrateStatus": func() any { return new(atlasexec.MigrateStatus) },
	"MigrateDiff":   func() any { return new(atlasexec.MigrateDiff) },
	"SummaryReport": func() any { return new(atlasexec.SummaryReport) },
	"Object":        func() any { return new(map[string]any) }, // for which the SDK has no type
}

// cmdDecodes decodes the last standard output, a JSON value, as a type of the SDK, and prints fields of it:
// `decodes MigrateStatus Current Applied.0.Version`.
func cmdDecodes(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 0 && shapes[args[0]] != nil, "decodes TYPE FIELD...")
	v := shapes[args[0]]()
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), v))
	data, err := json.Marshal(v) // keeps only what the type has
	ts.Check(err)
	var tree any
	ts.Check(json.Unmarshal(data, &tree))
	stdout := ts.Stdout()
	for _, path := range args[1:] {
		text, err := json.Marshal(field(ts, tree, path))
		ts.Check(err)
		fmt.Fprintln(stdout, path, string(text))
	}
}

// field selects a part of a decoded JSON value by names and indexes; len is an array's length.
func field(ts *testscript.TestScript, v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch tree := v.(type) {
		case map[string]any:
			v = tree[name]
		case []any:
			if name == "len" {
				return len(tree)
			}
			var i int
			ts.Check(json.Unmarshal([]byte(name), &i))
			if i < 0 {
				i += len(tree)
			}
			if i < 0 || i >= len(tree) {
				ts.Fatalf("%s: there are only %d", path, len(tree))
			}
			v = tree[i]
		default:
			ts.Fatalf("%s: nothing has a field %s", path, name)
		}
	}
	return v
}
