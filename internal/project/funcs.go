package project

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/ibutsu/ibutsu-schema/internal/hclsize"
)

// functions are those of the Atlas CLI in its project file, except the YAML ones and print, which would write into the
// output.
func functions(read func(name string) ([]byte, error), lookup func(string) (string, bool)) map[string]function.Function {
	funcs := maps.Clone(pure)
	funcs["getenv"] = textFunc(func(args []string) (string, error) {
		v, _ := lookup(args[0])
		return v, nil
	}, "key")
	funcs["file"] = textFunc(func(args []string) (string, error) {
		name := path.Clean(args[0])
		if !fs.ValidPath(name) {
			return "", fmt.Errorf("%s is outside the project folder, which must contain all of a project's files", args[0])
		}
		b, err := read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("there is no file %s", name)
		case len(b) > hclsize.MaxFile:
			return "", fmt.Errorf("%s has %d bytes: file() reads up to %d", name, len(b), hclsize.MaxFile)
		}
		return string(b), err
	}, "path")
	return funcs
}

var pure = map[string]function.Function{
	"abs": stdlib.AbsoluteFunc, "can": tryfunc.CanFunc, "ceil": stdlib.CeilFunc, "chomp": stdlib.ChompFunc,
	"chunklist": stdlib.ChunklistFunc, "coalesce": stdlib.CoalesceFunc, "coalescelist": stdlib.CoalesceListFunc,
	"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc,
	"csvdecode": stdlib.CSVDecodeFunc, "distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc,
	"flatten": stdlib.FlattenFunc, "floor": stdlib.FloorFunc, "format": stdlib.FormatFunc,
	"formatdate": stdlib.FormatDateFunc, "formatlist": stdlib.FormatListFunc, "indent": stdlib.IndentFunc,
	"index": stdlib.IndexFunc, "join": stdlib.JoinFunc, "jsondecode": jsonDecode,
	"jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc, "length": stdlib.LengthFunc,
	"log": stdlib.LogFunc, "lower": stdlib.LowerFunc, "max": stdlib.MaxFunc, "merge": stdlib.MergeFunc,
	"min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": stdlib.PowFunc, "range": stdlib.RangeFunc,
	"regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc, "regexreplace": stdlib.RegexReplaceFunc,
	"replace": stdlib.ReplaceFunc, "reverse": stdlib.ReverseListFunc, "setintersection": stdlib.SetIntersectionFunc,
	"setproduct": stdlib.SetProductFunc, "setsubtract": stdlib.SetSubtractFunc, "setunion": stdlib.SetUnionFunc,
	"signum": stdlib.SignumFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc, "split": stdlib.SplitFunc,
	"strrev": stdlib.ReverseFunc, "substr": stdlib.SubstrFunc, "timeadd": stdlib.TimeAddFunc,
	"title": stdlib.TitleFunc, "trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc,
	"trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc, "try": tryfunc.TryFunc,
	"upper": stdlib.UpperFunc, "values": stdlib.ValuesFunc,

	"tobool": conversion(cty.Bool), "tonumber": conversion(cty.Number), "tostring": conversion(cty.String),
	"tolist": conversion(cty.List(cty.DynamicPseudoType)), "toset": conversion(cty.Set(cty.DynamicPseudoType)),

	"startswith": stdlibPredicate(strings.HasPrefix), "endswith": stdlibPredicate(strings.HasSuffix),

	"urlescape": textFunc(func(a []string) (string, error) { return url.QueryEscape(a[0]), nil }, "string"),
	"urlqueryset": urlFunc(func(u *url.URL, a []string) {
		q := u.Query()
		q.Set(a[0], a[1])
		u.RawQuery = q.Encode()
	}, "key", "value"),
	"urlsetpath": urlFunc(func(u *url.URL, a []string) { u.Path = a[0] }, "path"),
	"urluserinfo": urlFunc(func(u *url.URL, a []string) {
		u.User = url.UserPassword(a[0], a[1])
	}, "user", "pass"),
}

// jsonDecode is stdlib's function, but refuses numbers with so many digits that they would fill the memory.
var jsonDecode = function.New(&function.Spec{
	Params: stringParams("str"),
	Type: func(args []cty.Value) (cty.Type, error) {
		if args[0].IsKnown() && hclsize.ExponentsJSON(args[0].AsString()) {
			return cty.NilType, fmt.Errorf("the exponent of a number must not exceed %d", hclsize.MaxExponent)
		}
		return stdlib.JSONDecodeFunc.ReturnType([]cty.Type{cty.String})
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return stdlib.JSONDecode(args[0]) },
})

// textFunc makes an HCL function from one that maps strings to a string.
func textFunc(fn func([]string) (string, error), params ...string) function.Function {
	return function.New(&function.Spec{
		Params: stringParams(params...),
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			texts := make([]string, len(args))
			for i, a := range args {
				texts[i] = a.AsString()
			}
			s, err := fn(texts)
			return cty.StringVal(s), err
		},
	})
}

// urlFunc makes an HCL function that changes its first argument, a URL. Its error doesn't show the URL, which may
// contain a password.
func urlFunc(change func(*url.URL, []string), params ...string) function.Function {
	return textFunc(func(args []string) (string, error) {
		u, err := url.Parse(args[0])
		if err != nil {
			return "", errors.New("the first argument isn't a URL")
		}
		change(u, args[1:])
		return u.String(), nil
	}, append([]string{"url"}, params...)...)
}

func stdlibPredicate(fn func(s, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: stringParams("s", "part"),
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(fn(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// conversion makes an HCL function that converts to a type.
func conversion(want cty.Type) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "v", Type: cty.DynamicPseudoType, AllowNull: true}},
		Type: func(args []cty.Value) (cty.Type, error) {
			v, err := convert.Convert(args[0], want)
			return v.Type(), err
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return convert.Convert(args[0], want) },
	})
}

func stringParams(names ...string) []function.Parameter {
	params := make([]function.Parameter, len(names))
	for i, n := range names {
		params[i] = function.Parameter{Name: n, Type: cty.String}
	}
	return params
}
