package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// module is the tool's module.
const module = "github.com/ibutsu/ibutsu-schema"

// bill returns the bill of materials of a binary in CycloneDX's JSON: the modules that are linked in, by Go's own
// record in the binary, and Go's standard library.
func bill(binary []byte, s stamp, p platform) ([]byte, error) {
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return nil, fmt.Errorf("reading what is linked into the binary: %w", err)
	}
	main := cdx.Component{
		BOMRef: purl(module, s.version), Type: cdx.ComponentTypeApplication, Name: module, Version: s.version, PackageURL: purl(module, s.version),
		Hashes:   &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum(binary))}},
		Licenses: &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
		Properties: &[]cdx.Property{
			{Name: "cdx:gomod:build:env:GOOS", Value: p.os},
			{Name: "cdx:gomod:build:env:GOARCH", Value: p.arch},
			{Name: "cdx:gomod:build:env:CGO_ENABLED", Value: "0"},
		},
	}
	std := purl("std", info.GoVersion)
	components := []cdx.Component{{
		BOMRef: std, Type: cdx.ComponentTypeLibrary, Name: "std", Version: info.GoVersion, PackageURL: std, Scope: cdx.ScopeRequired,
	}}
	for _, m := range info.Deps {
		if m.Path == module {
			continue
		}
		c, err := component(m)
		if err != nil {
			return nil, err
		}
		components = append(components, c)
	}
	components = append(components, embedded...)
	var refs []string
	for _, c := range components {
		refs = append(refs, c.BOMRef)
	}
	b := cdx.NewBOM()
	b.SerialNumber = serial(sum(binary))
	b.Metadata = &cdx.Metadata{Timestamp: s.time.Format(time.RFC3339), Component: &main}
	b.Components = &components
	b.Dependencies = &[]cdx.Dependency{{Ref: main.BOMRef, Dependencies: &refs}}
	var out bytes.Buffer
	err = cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(b, cdx.SpecVersion1_6)
	return out.Bytes(), err
}

// embedded are the libraries in the WebAssembly module that package graphviz embeds, which Go's record doesn't list.
var embedded = []cdx.Component{
	{
		BOMRef: "pkg:generic/graphviz@12.1.2", Type: cdx.ComponentTypeLibrary, Name: "graphviz", Version: "12.1.2", PackageURL: "pkg:generic/graphviz@12.1.2",
		Scope: cdx.ScopeRequired, Licenses: &cdx.Licenses{{License: &cdx.License{ID: "EPL-1.0"}}},
	},
	{
		BOMRef: "pkg:generic/expat@2.6.3", Type: cdx.ComponentTypeLibrary, Name: "expat", Version: "2.6.3", PackageURL: "pkg:generic/expat@2.6.3",
		Scope: cdx.ScopeRequired, Licenses: &cdx.Licenses{{License: &cdx.License{ID: "MIT"}}},
	},
}

// component describes a module as it was linked in, with the checksum that go.sum has.
func component(m *debug.Module) (cdx.Component, error) {
	if m.Replace != nil {
		m = m.Replace
	}
	hash, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:"))
	if err != nil || len(hash) != sha256.Size {
		return cdx.Component{}, fmt.Errorf("module %s %s has no checksum", m.Path, m.Version)
	}
	at := purl(m.Path, m.Version)
	return cdx.Component{
		BOMRef: at, Type: cdx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: at, Scope: cdx.ScopeRequired,
		Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(hash)}},
	}, nil
}

// purl returns the package URL of a module.
func purl(path, version string) string {
	return "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B")
}

func sum(data []byte) []byte {
	s := sha256.Sum256(data)
	return s[:]
}

// serial makes a UUID of a hash: the same binary has the same bill.
func serial(hash []byte) string {
	id := [16]byte(hash)
	id[6] = id[6]&0x0f | 0x80 // version 8: made in our own way
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
