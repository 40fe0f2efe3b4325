package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// sums is the name of the file with the checksums.
const sums = "SHA256SUMS"

// built is a compiled binary.
type built struct {
	platform
	data []byte
}

// build compiles the binaries for the platforms.
func build(ctx context.Context, source string, s stamp, platforms []platform) ([]built, error) {
	work, err := os.MkdirTemp("", "release")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	var all []built
	for _, p := range platforms {
		path := filepath.Join(work, p.String(), p.binary())
		if err := compile(ctx, source, path, p, s); err != nil {
			return nil, err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, built{p, data})
	}
	return all, nil
}

// release writes the archives, bills of materials, the image and checksums into the empty folder out.
func release(out string, s stamp, binaries []built, license []byte) error {
	files := map[string][]byte{}
	base := program + "_" + strings.TrimPrefix(s.version, "v") + "_"
	for _, b := range binaries {
		var err error
		content := []entry{{b.binary(), b.data, 0o755}, {"LICENSE", license, 0o644}}
		if b.os == "windows" {
			files[base+b.String()+".zip"], err = zipped(content, s.time)
		} else {
			files[base+b.String()+".tar.gz"], err = tarred(content, s.time)
		}
		if err != nil {
			return err
		}
		if files[base+b.String()+".cdx.json"], err = bill(b.data, s, b.platform); err != nil {
			return err
		}
	}
	work, err := os.MkdirTemp("", "image")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if _, err := writeLayout(work, s, binaries, license); err != nil {
		return err
	}
	if files[base+"image.tar"], err = archived(work, s); err != nil {
		return err
	}
	return writeAll(out, files)
}

// emptyDir creates a folder, which may exist if it is empty.
func emptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		return fmt.Errorf("%s isn't empty: name another folder, or delete what is in it", dir)
	}
	return nil
}

// writeAll writes the files and their checksums.
func writeAll(dir string, files map[string][]byte) error {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var list bytes.Buffer
	for _, name := range names {
		fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256(files[name]), name)
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, sums), list.Bytes(), 0o644)
}

// An entry is a file of an archive; one whose name ends with a slash is a folder.
type entry struct {
	name string
	data []byte
	mode int64
}

// tarred returns a compressed tar archive without anything that depends on the machine.
func tarred(entries []entry, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := writeTar(z, entries, at); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

func writeTar(to io.Writer, entries []entry, at time.Time) error {
	t := tar.NewWriter(to)
	for _, e := range entries {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.data)), ModTime: at, Format: tar.FormatUSTAR}
		if strings.HasSuffix(e.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(e.data); err != nil {
			return err
		}
	}
	return t.Close()
}

// zipped is like tarred, for Windows.
func zipped(entries []entry, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: at.UTC()}
		h.SetMode(os.FileMode(e.mode))
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(e.data); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}
