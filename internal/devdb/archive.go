//go:build unix

package devdb

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// An archive is the data directory of a server that was shut down, as one file in the cache: a tar file followed by a
// checksum. One file can be replaced atomically, needs no owners and modes, and is read faster than a thousand small
// ones. Files with equal content, of which the databases of a cluster have hundreds, are stored once.

// errDamaged is the error for an archive that fails its checksum.
var errDamaged = errors.New("the file is damaged")

var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

// readArchive reads an archive and marks it as used. If it is incomplete after a crash or otherwise corrupt, the error
// is errDamaged.
func readArchive(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	tail := len(content) - crc32.Size
	if tail < 0 || crc32.Checksum(content[:tail], castagnoli()) != binary.BigEndian.Uint32(content[tail:]) {
		return nil, fmt.Errorf("reading %s: %w", file, errDamaged)
	}
	// The cache evicts the least recently used files first.
	_ = os.Chtimes(file, time.Time{}, time.Now())
	return decompress(content[:tail:tail])
}

// compressFrom is the size in bytes of the smallest archives that are compressed. Smaller ones are read faster as they
// are; larger ones are mostly the first pages of empty indexes, which differ in a few bytes.
var compressFrom = 64 << 20

// compress returns a large archive compressed.
func compress(archive []byte) ([]byte, error) {
	if len(archive) < compressFrom {
		return archive, nil
	}
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(archive)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// decompress returns what compress was given.
func decompress(archive []byte) ([]byte, error) {
	if !bytes.HasPrefix(archive, []byte("\x1f\x8b")) {
		return archive, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// writeArchive writes an archive atomically. It doesn't sync the file: after a crash, the checksum shows what is
// missing.
func writeArchive(file string, archive []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(archive)
	if err == nil {
		_, err = f.Write(binary.BigEndian.AppendUint32(nil, crc32.Checksum(archive, castagnoli())))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// pack returns the archive of a data directory whose server was shut down.
func pack(data string) ([]byte, error) {
	if err := trimWAL(data); err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	names := map[[sha256.Size]byte]string{} // of files, by content
	err := filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(data, path)
		if err != nil || rel == "." || e.Name() == "postmaster.opts" {
			return err
		}
		if e.IsDir() {
			return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: rel, Mode: 0o700})
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		if same, ok := names[sum]; ok && len(content) > 0 {
			return w.WriteHeader(&tar.Header{Typeflag: tar.TypeLink, Name: rel, Linkname: same, Mode: 0o600})
		}
		names[sum] = rel
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: rel, Mode: 0o600, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// trimWAL removes the segments of the write-ahead log that are preallocated. The first segment contains the last
// checkpoint, whose record may extend into the second.
func trimWAL(data string) error {
	segments, err := filepath.Glob(filepath.Join(data, "pg_wal", strings.Repeat("[0-9A-F]", 24)))
	if err != nil {
		return err
	}
	for _, s := range segments[min(2, len(segments)):] {
		if err := os.Remove(s); err != nil {
			return err
		}
	}
	return nil
}

// unpack writes the archive's files to data, two at a time.
func unpack(ctx context.Context, archive []byte, data string, a account) error {
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := a.own(data); err != nil {
		return err
	}
	type file struct {
		path    string
		content []byte
	}
	files := make(chan file, 64)
	var failed error
	var fail sync.Once
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for f := range files {
				err := os.WriteFile(f.path, f.content, 0o600)
				if err == nil {
					err = a.own(f.path)
				}
				if err != nil {
					fail.Do(func() { failed = err })
				}
			}
		})
	}
	err := func() error {
		defer close(files)
		src := bytes.NewReader(archive)
		contents := map[string][]byte{} // of files, by name
		r := tar.NewReader(src)
		for {
			h, err := r.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			path := filepath.Join(data, h.Name)
			switch h.Typeflag {
			case tar.TypeDir:
				if err := os.Mkdir(path, 0o700); err != nil {
					return err
				}
				if err := a.own(path); err != nil {
					return err
				}
			case tar.TypeLink:
				files <- file{path, contents[h.Linkname]}
			default:
				at := len(archive) - src.Len()
				contents[h.Name] = archive[at : at+int(h.Size)]
				files <- file{path, contents[h.Name]}
			}
		}
	}()
	writers.Wait()
	return errors.Join(err, failed)
}
