package graphviz

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// module is Graphviz 12.1.2 for WebAssembly: internal/wasm/graphviz.wasm of github.com/goccy/go-graphviz v0.2.10,
// compressed by gzip. That package can't be imported, because its initialization compiles the module, which would slow
// down every command, and executes code from a shared temporary folder.
//
//go:embed graphviz.wasm.gz
var module []byte

// An engine is the compiled module. It has no access to files, the network, the clock or the environment.
type engine struct {
	runtime wazero.Runtime
	code    wazero.CompiledModule
}

// started returns the engine, which is compiled once, when a graph is laid out for the first time.
var started = sync.OnceValues(func() (*engine, error) {
	r, err := gzip.NewReader(bytes.NewReader(module))
	if err != nil {
		return nil, err
	}
	wasm, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	e := &engine{runtime: wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(true))}
	if e.code, err = e.runtime.CompileModule(ctx, wasm); err != nil {
		return nil, err
	}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, e.runtime); err != nil {
		return nil, err
	}
	// The module imports callbacks for plugins that are written in Go. There are none.
	host := e.runtime.NewHostModuleBuilder("env")
	for _, f := range e.code.ImportedFunctions() {
		if in, name, _ := f.Import(); in == "env" {
			unused := api.GoModuleFunc(func(context.Context, api.Module, []uint64) { panic("graphviz calls " + name) })
			host.NewFunctionBuilder().WithGoModuleFunction(unused, f.ParamTypes(), f.ResultTypes()).Export(name)
		}
	}
	if _, err := host.Instantiate(ctx); err != nil {
		return nil, err
	}
	return e, nil
})

// A drawing is Graphviz's output in the format json0.
type drawing struct {
	Box     string `json:"bb"`
	Objects []struct {
		Name string `json:"name"`
		Pos  string `json:"pos"`
	} `json:"objects"`
	Edges []struct {
		ID    string `json:"id"`
		Pos   string `json:"pos"`
		Label string `json:"lp"`
	} `json:"edges"`
}

// dot lays out a graph in the DOT language.
func dot(ctx context.Context, text string) (*drawing, error) {
	d, err := draw(ctx, text)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("laying out a diagram: %w", err)
	}
	return d, nil
}

func draw(ctx context.Context, text string) (*drawing, error) {
	e, err := started()
	if err != nil {
		return nil, err
	}
	// A new instance for each graph: the result depends on nothing else.
	m, err := e.runtime.InstantiateModule(ctx, e.code, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, err
	}
	defer m.Close(context.Background())
	i := &instance{ctx: ctx, module: m}
	// The list of plugins in the module has no end.
	const listed, pointer = 3, 4
	list := i.alloc((listed + 1) * 2 * pointer)
	i.write(list, i.read(uint32(m.ExportedGlobal("lt_preloaded_symbols").Get()), listed*2*pointer))
	i.write(list+listed*2*pointer, make([]byte, 2*pointer))
	const quiet = 2 // AGMAX
	i.call("agseterr", quiet)
	gvc := i.call("gvContextPlugins", list, 0)
	graph := i.call("agmemread", i.text(text))
	if i.err == nil && graph == 0 {
		return nil, i.failed("reads no graph")
	}
	if i.call("gvLayout", gvc, graph, i.text("dot")) != 0 {
		return nil, i.failed("fails")
	}
	result := i.alloc(2 * pointer)
	if i.call("gvRenderData", gvc, graph, i.text("json0"), result, result+pointer) != 0 {
		return nil, i.failed("prints nothing")
	}
	out := i.read(i.word(result), i.word(result+pointer))
	if i.err != nil {
		return nil, i.err
	}
	d := &drawing{}
	return d, json.Unmarshal(out, d)
}

// An instance is a running module. After an error, its methods do nothing.
type instance struct {
	ctx    context.Context
	module api.Module
	err    error
}

func (i *instance) failed(what string) error {
	return errors.Join(i.err, errors.New("graphviz "+what))
}

// call calls an exported function and returns its result, a pointer or an int.
func (i *instance) call(name string, args ...uint32) uint32 {
	if i.err != nil {
		return 0
	}
	params := make([]uint64, len(args))
	for k, a := range args {
		params[k] = uint64(a)
	}
	results, err := i.module.ExportedFunction(name).Call(i.ctx, params...)
	if err != nil {
		i.err = fmt.Errorf("%s: %w", name, err)
	}
	if err != nil || len(results) == 0 {
		return 0
	}
	return uint32(results[0])
}

func (i *instance) alloc(size uint32) uint32 { return i.call("malloc", size) }

func (i *instance) write(at uint32, data []byte) {
	if i.err == nil && !i.module.Memory().Write(at, data) {
		i.err = errors.New("writing outside of the memory")
	}
}

func (i *instance) read(at, size uint32) []byte {
	data, ok := i.module.Memory().Read(at, size)
	if i.err == nil && !ok {
		i.err = errors.New("reading outside of the memory")
	}
	return bytes.Clone(data)
}

func (i *instance) word(at uint32) uint32 {
	v, ok := i.module.Memory().ReadUint32Le(at)
	if i.err == nil && !ok {
		i.err = errors.New("reading outside of the memory")
	}
	return v
}

// text returns a C string.
func (i *instance) text(s string) uint32 {
	p := i.alloc(uint32(len(s) + 1))
	i.write(p, append([]byte(s), 0))
	return p
}
