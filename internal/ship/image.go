package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// installed is where the image has the binary, and mounted the folder in which a project of one's own may be mounted.
const (
	installed = "/usr/local/bin/" + program
	mounted   = "/project"
)

// imageConfig is how the image runs: as any user, with a root file system that may be read-only. It uses the project
// that the binary carries; with SCHEMA_CARRIED=0, the one that is mounted.
var imageConfig = v1.Config{
	Env:        []string{"PATH=" + path.Dir(installed), "SCHEMA_CARRIED=1"},
	WorkingDir: mounted,
	User:       "65532:65532",
	Entrypoint: []string{installed},
	Cmd:        []string{"apply", "-env=prod"},
	Healthcheck: &v1.HealthConfig{
		Test: []string{"CMD", installed, "status", "-ready", "-env=prod"}, Interval: 30 * time.Second, Timeout: 10 * time.Second,
	},
}

// rootFiles returns the files of the image.
func rootFiles(binary, license []byte) []entry {
	return []entry{
		{"licenses/", nil, 0o755},
		{"licenses/LICENSE", license, 0o644},
		{strings.TrimPrefix(mounted, "/") + "/", nil, 0o755},
		{"usr/", nil, 0o755},
		{"usr/local/", nil, 0o755},
		{"usr/local/bin/", nil, 0o755},
		{strings.TrimPrefix(installed, "/"), binary, 0o755},
	}
}

// writeRoot writes the image's files into an empty folder.
func writeRoot(out string, files []entry) error {
	for _, e := range files {
		name := filepath.Join(out, filepath.FromSlash(e.name))
		err := error(nil)
		if strings.HasSuffix(e.name, "/") {
			err = os.Mkdir(name, os.FileMode(e.mode))
		} else {
			err = os.WriteFile(name, e.data, os.FileMode(e.mode))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// image returns the image of one platform.
func image(s stamp, p platform, files []entry) (v1.Image, error) {
	data, err := tarred(files, s.time)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if img, err = mutate.AppendLayers(img, layer); err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = p.os, p.arch, v1.Time{Time: s.time}
	file.Config = *imageConfig.DeepCopy()
	file.Config.Labels = labels(s)
	file.History = []v1.History{{Created: file.Created, CreatedBy: "ship", Comment: program + " " + s.version}}
	return mutate.ConfigFile(img, file)
}

func labels(s stamp) map[string]string {
	const prefix = "org.opencontainers.image."
	return map[string]string{
		prefix + "title": program, prefix + "version": s.version, prefix + "revision": s.commit, prefix + "licenses": "Apache-2.0",
		prefix + "created": s.time.Format(time.RFC3339),
	}
}

// writeLayout writes the images of the Linux binaries as an OCI layout: one image with a manifest for each processor.
func writeLayout(out string, s stamp, binaries []built, license []byte) (v1.Hash, error) {
	all := v1.ImageIndex(empty.Index)
	for _, b := range binaries {
		if b.os != "linux" {
			continue
		}
		img, err := image(s, b.platform, rootFiles(b.data, license))
		if err != nil {
			return v1.Hash{}, err
		}
		all = mutate.AppendManifests(all, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: b.os, Architecture: b.arch}}})
	}
	digest, err := all.Digest()
	if err != nil {
		return v1.Hash{}, err
	}
	name := map[string]string{"org.opencontainers.image.ref.name": strings.TrimPrefix(s.version, "v")}
	top := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: all, Descriptor: v1.Descriptor{Annotations: name}})
	if _, err := layout.Write(out, top); err != nil {
		return v1.Hash{}, fmt.Errorf("writing the image: %w", err)
	}
	return digest, nil
}

// archived returns the OCI layout in a folder as an OCI archive.
func archived(dir string, s stamp) ([]byte, error) {
	var files []entry
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		e := entry{filepath.ToSlash(rel), nil, 0o644}
		if d.IsDir() {
			e.name, e.mode = e.name+"/", 0o755
		} else if e.data, err = os.ReadFile(name); err != nil {
			return err
		}
		files = append(files, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = writeTar(&b, files, s.time)
	return b.Bytes(), err
}
