package migration

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Atlas returns the directory for Atlas's library. It is in memory, refuses to be written to, and computes no sum twice: Atlas's
// executor asks for all of them once a file.
func (d *Dir) Atlas() migrate.Dir {
	files := make([]migrate.File, len(d.all))
	for i, f := range d.all {
		files[i] = atlasFile{f}
	}
	for _, c := range d.checkpoints {
		i := slices.Index(d.all, c.File)
		files[i] = atlasCheckpointFile{atlasFile{c.File}}
	}
	return &atlasDir{dir: d, files: files}
}

type atlasDir struct {
	dir   *Dir
	files []migrate.File
}

// errReadOnly is returned by WriteFile.
var errReadOnly = errors.New("the migrations folder is read only here")

func (d *atlasDir) WriteFile(name string, _ []byte) error {
	return fmt.Errorf("writing %s: %w", name, errReadOnly)
}

func (d *atlasDir) Files() ([]migrate.File, error) { return d.files, nil }

func (d *atlasDir) Checksum() (migrate.HashFile, error) { return d.dir.sum, nil }

// Open implements fs.FS, which Atlas needs for atlas.sum.
func (d *atlasDir) Open(name string) (fs.File, error) {
	if name == SumFile && d.dir.folder.sum != nil {
		return newMemFile(name, *d.dir.folder.sum), nil
	}
	for _, f := range d.dir.all {
		if f.Name == name {
			return newMemFile(name, f.SQL), nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// atlasFile is a migrate.File that is no *migrate.LocalFile: for those Atlas's drivers would split the text themselves.
type atlasFile struct{ file *File }

func (f atlasFile) Name() string    { return f.file.Name }
func (f atlasFile) Desc() string    { return f.file.Desc }
func (f atlasFile) Version() string { return f.file.Version }
func (f atlasFile) Bytes() []byte   { return []byte(f.file.SQL) }

func (f atlasFile) Stmts() ([]string, error) {
	stmts := make([]string, len(f.file.Stmts))
	for i, s := range f.file.Stmts {
		stmts[i] = s.Text
	}
	return stmts, nil
}

func (f atlasFile) StmtDecls() ([]*migrate.Stmt, error) {
	stmts := make([]*migrate.Stmt, len(f.file.Stmts))
	for i, s := range f.file.Stmts {
		stmts[i] = atlasStmt(s)
	}
	return stmts, nil
}

// atlasStmt returns a statement as Atlas's library has it.
func atlasStmt(s pgsql.Stmt) *migrate.Stmt {
	stmt := &migrate.Stmt{Pos: s.Pos.Offset, Text: s.Text}
	for _, c := range s.Comments {
		stmt.Comments = append(stmt.Comments, c.Text)
	}
	return stmt
}

// Misread is a file that the stock Atlas CLI would split into other statements than PostgreSQL.
type Misread struct {
	Pos pgsql.Pos // of the first statement that Atlas would read otherwise
	Msg string
}

// Misread tells whether the stock Atlas CLI would run other statements than PostgreSQL's rules make of the file: its scanner
// takes a semicolon in the comment on a last line without line end for one, ends nested comments too early, knows no escapes in
// E” strings, and so on. Both the scanner of Atlas's PostgreSQL driver and the generic one, which older CLIs use, are tried.
func (f *File) Misread() (Misread, bool) {
	for _, opts := range []migrate.ScannerOptions{
		{MatchBegin: true, MatchBeginAtomic: true, MatchDollarQuote: true, EscapedStringExt: true},
		{MatchBeginAtomic: true, MatchDollarQuote: true},
	} {
		scanned, err := (&migrate.Scanner{ScannerOptions: opts}).Scan(f.SQL)
		if err != nil {
			return Misread{Pos: f.posOf(0), Msg: fmt.Sprintf("the stock Atlas CLI cannot split this file: %v", err)}, true
		}
		i := 0
		for _, s := range scanned {
			text := tokens(s.Text)
			if text == "" {
				continue // a comment or a lone semicolon
			}
			if i >= len(f.Stmts) {
				return Misread{
					Pos: position(f.SQL, s.Pos),
					Msg: fmt.Sprintf("the stock Atlas CLI would run a further statement, which PostgreSQL does not see: %s", abbreviate(s.Text)),
				}, true
			}
			if text != tokens(f.Stmts[i].Text) {
				return Misread{
					Pos: f.posOf(i),
					Msg: fmt.Sprintf("the stock Atlas CLI would run another statement here: %s", abbreviate(s.Text)),
				}, true
			}
			i++
		}
		if i < len(f.Stmts) {
			return Misread{
				Pos: f.posOf(i),
				Msg: fmt.Sprintf("the stock Atlas CLI would not run this statement: %s", abbreviate(f.Stmts[i].Text)),
			}, true
		}
	}
	return Misread{}, false
}

func (f *File) posOf(stmt int) pgsql.Pos {
	if stmt < 0 || stmt >= len(f.Stmts) {
		return pgsql.Pos{Line: 1, Col: 1}
	}
	return f.Stmts[stmt].Pos
}

// position is where the byte at offset stands.
func position(text string, offset int) pgsql.Pos {
	return pgsql.Pos{Line: 1, Col: 1}.After(text[:min(max(offset, 0), len(text))])
}

// tokens is a statement's text without white space, comments and closing semicolons. A byte order mark counts.
func tokens(stmt string) string {
	var b strings.Builder
	for _, t := range pgsql.Tokens(stmt) {
		b.WriteString(t.Text)
		b.WriteByte(0)
	}
	text := b.String()
	for strings.HasSuffix(text, ";\x00") {
		text = strings.TrimSuffix(text, ";\x00")
	}
	if strings.HasPrefix(stmt, byteOrderMark) {
		return byteOrderMark + text
	}
	return text
}

// memFile is an open file in memory.
type memFile struct {
	name string
	size int64
	io.Reader
}

func newMemFile(name, text string) *memFile {
	return &memFile{name: name, size: int64(len(text)), Reader: bytes.NewReader([]byte(text))}
}

func (f *memFile) Close() error               { return nil }
func (f *memFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *memFile) Name() string               { return f.name }
func (f *memFile) Size() int64                { return f.size }
func (f *memFile) Mode() fs.FileMode          { return 0o444 }
func (f *memFile) ModTime() time.Time         { return time.Time{} }
func (f *memFile) IsDir() bool                { return false }
func (f *memFile) Sys() any                   { return nil }
