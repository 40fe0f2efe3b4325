package project

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// decode reads the chosen env block, and the file's lint block for what the env block doesn't set. It doesn't evaluate
// url, because that may need variables which only commands with a database have.
func (e *Env) decode(f *file, block envBlock, s *scope, checks []string) error {
	if err := envSpec.checkRefused(block.body, "env"); err != nil {
		return err
	}
	e.Schema, e.Migrations = schemaName, migrationsName
	e.AlembicSchema = "public"
	attrs := block.body.Attributes

	sources, err := s.texts(attrs["src"])
	if err != nil {
		return err
	}
	if len(sources) > 1 {
		return at(attrs["src"].Expr.Range(), "src must be one file: a list is not supported")
	}
	if len(sources) == 1 {
		if e.Schema, err = e.path(attrs["src"], sources[0]); err != nil {
			return err
		}
	}
	s.noteAttribute("src", strconv.Quote(e.Schema), attrs["src"])
	if e.Dev, err = s.text(attrs["dev"]); err != nil {
		return err
	}
	s.noteAttribute("dev", strconv.Quote(e.Dev), attrs["dev"])
	if scheme, _, ok := strings.Cut(e.Dev, "://"); ok && isPostgres(scheme) {
		db, err := fromURL(e.Dev, "dev")
		if err != nil {
			return at(attrs["dev"].Expr.Range(), "%w", err)
		}
		e.Dev = db.URL
	}
	if e.DevExtensions, err = s.texts(attrs["dev_extensions"]); err != nil {
		return err
	}
	oldest := attrs["oldest_postgres"]
	if e.Oldest, err = s.number(oldest); err != nil {
		return err
	}
	if oldest != nil && e.Oldest < 12 {
		return at(oldest.Expr.Range(), "oldest_postgres must be a major version of PostgreSQL, 12 or later")
	}
	if e.Exclude, err = s.texts(attrs["exclude"]); err != nil {
		return err
	}
	s.noteList("exclude", e.Exclude, attrs["exclude"])
	if err := s.set(&e.AlembicSchema, attrs["alembic_version_schema"]); err != nil {
		return err
	}
	s.noteAttribute("alembic_version_schema", strconv.Quote(e.AlembicSchema), attrs["alembic_version_schema"])
	if err := s.set(&e.Role, attrs["role"]); err != nil {
		return err
	}
	for _, timeout := range []struct {
		name string
		dst  *time.Duration
	}{
		{"lock_timeout", &e.LockTimeout}, {"lock_retry", &e.LockRetry},
		{"replay_statement_timeout", &e.Replay.Statement}, {"replay_timeout", &e.Replay.Total},
	} {
		d, err := s.duration(attrs[timeout.name])
		if err != nil {
			return err
		}
		if d != nil {
			*timeout.dst = *d
		}
	}
	if e.Replay.Disk, err = s.bytes(attrs["replay_disk"]); err != nil {
		return err
	}

	if f.alembic != nil {
		if err := e.decodeAlembic(f.alembic, s); err != nil {
			return err
		}
	}
	lint, drift := f.lint, f.drift
	var batch *hclsyntax.Block
	for _, b := range block.body.Blocks {
		switch b.Type {
		case "migration":
			if err := e.decodeMigration(b.Body, s); err != nil {
				return err
			}
		case "batch":
			if batch != nil {
				return at(b.TypeRange, "duplicate block batch: the first is at line %d", batch.TypeRange.Start.Line)
			}
			batch = b
			if err := e.decodeBatch(b, s); err != nil {
				return err
			}
		case "diff":
			if err := e.decodeDiff(b, s); err != nil {
				return err
			}
		case "lint":
			lint = append([]*hclsyntax.Block{b}, lint...)
		case "drift":
			drift = append([]*hclsyntax.Block{b}, drift...)
		}
	}
	if e.JournalSchema == "" {
		return at(block.at, "env %s doesn't say where the journal is: add migration { revisions_schema = \"public\" } "+
			"(the Atlas CLI's default is a schema of its own)", e.Name)
	}
	s.noteAttribute(DirSetting, strconv.Quote(e.Migrations), nil)
	for _, b := range f.diff {
		if err := e.decodeDiff(b, s); err != nil {
			return err
		}
	}
	for _, b := range drift {
		if err := e.decodeDrift(b, s); err != nil {
			return err
		}
	}
	for _, b := range lint {
		if err := e.Gate.decode(b.Body, s, checks); err != nil {
			return err
		}
		if err := e.decodeSizes(b.Body, s); err != nil {
			return err
		}
	}
	return nil
}

// decodeSizes reads the attributes of a lint block about the sizes of tables. It doesn't change what is already set.
func (e *Env) decodeSizes(body *hclsyntax.Body, s *scope) error {
	if a := body.Attributes["small"]; a != nil {
		n, err := s.bytes(a)
		if err != nil {
			return err
		}
		if e.Gate.Small == 0 && n != 0 {
			e.Gate.Small = n
			text, err := s.text(a)
			if err != nil {
				return err
			}
			s.noteAttribute("lint.small", strconv.Quote(text), a)
		}
	}
	a := body.Attributes["sizes"]
	raw, err := s.text(a)
	if err != nil || raw == "" {
		return err
	}
	name, err := e.path(a, raw)
	if err != nil || e.Gate.Sizes != nil {
		return err
	}
	e.Gate.Sizes = &File{name, func() ([]byte, error) { return s.read(name) }}
	s.noteAttribute("lint.sizes", strconv.Quote(name), a)
	return nil
}

func (e *Env) decodeDrift(b *hclsyntax.Block, s *scope) error {
	read := func(with string, body *hclsyntax.Body) error {
		ignore, err := s.texts(body.Attributes["ignore"])
		if err == nil && len(ignore) > 0 {
			e.Drift = append(e.Drift, Drift{with, ignore})
		}
		return err
	}
	if err := read("", b.Body); err != nil {
		return err
	}
	for _, with := range b.Body.Blocks {
		if len(with.Labels) == 0 || with.Labels[0] == "" {
			return at(with.TypeRange, "a with block needs what the database is compared with: with \"models.sql\" { ... }")
		}
		if err := read(with.Labels[0], with.Body); err != nil {
			return err
		}
	}
	return nil
}

func (e *Env) decodeMigration(body *hclsyntax.Body, s *scope) error {
	if err := envSpec.blocks["migration"].checkRefused(body, "env.migration"); err != nil {
		return err
	}
	attrs := body.Attributes
	dir, err := s.text(attrs["dir"])
	if err != nil {
		return err
	}
	if dir != "" {
		if e.Migrations, err = e.path(attrs["dir"], dir); err != nil {
			return err
		}
		s.noteAttribute(DirSetting, strconv.Quote(e.Migrations), attrs["dir"])
	}
	exclude, err := s.texts(attrs["exclude"])
	if err != nil {
		return err
	}
	e.Exclude = append(e.Exclude, exclude...)
	s.noteList("exclude", exclude, attrs["exclude"])
	if err := s.set(&e.JournalSchema, attrs["revisions_schema"]); err != nil {
		return err
	}
	s.noteAttribute("migration.revisions_schema", strconv.Quote(e.JournalSchema), attrs["revisions_schema"])
	if e.Wait, err = s.duration(attrs["lock_timeout"]); err != nil {
		return err
	}
	// Atlas's own words, bare or quoted. Only these values match what this tool does.
	for name, want := range map[string]string{"format": "atlas", "exec_order": "LINEAR"} {
		if a := attrs[name]; a != nil && !strings.EqualFold(keyword(a.Expr), want) {
			return at(a.Expr.Range(), "%s must be %s: nothing else is supported", in(name, "env.migration"), want)
		}
	}
	return nil
}

func (e *Env) decodeBatch(b *hclsyntax.Block, s *scope) error {
	attrs := b.Body.Attributes
	for _, x := range []struct {
		name string
		dst  *time.Duration
	}{{"target", &e.Batch.Target}, {"max_replica_lag", &e.Batch.MaxReplicaLag}} {
		d, err := s.duration(attrs[x.name])
		switch {
		case err != nil:
			return err
		case d != nil && *d == 0:
			return at(attrs[x.name].Expr.Range(), "%s must be more than 0", x.name)
		case d != nil:
			*x.dst = *d
		}
	}
	for _, x := range []struct {
		name string
		dst  *int
	}{{"min_size", &e.Batch.MinSize}, {"max_size", &e.Batch.MaxSize}} {
		n, err := s.number(attrs[x.name])
		switch {
		case err != nil:
			return err
		case attrs[x.name] != nil && n == 0:
			return at(attrs[x.name].Expr.Range(), "%s must be a number of rows, 1 or more", x.name)
		}
		*x.dst = n
	}
	if e.Batch.MaxSize > 0 && e.Batch.MinSize > e.Batch.MaxSize {
		return at(attrs["min_size"].Expr.Range(), "min_size must not be more than max_size, %d", e.Batch.MaxSize)
	}
	var err error
	e.Batch.VacuumWait, err = s.duration(attrs["vacuum_wait"])
	return err
}

func (e *Env) decodeAlembic(b *hclsyntax.Block, s *scope) error {
	attrs := b.Body.Attributes
	a := &Alembic{}
	var err error
	if a.Command, err = s.texts(attrs["command"]); err != nil {
		return err
	}
	if len(a.Command) == 0 || a.Command[0] == "" {
		return at(b.TypeRange, "alembic needs a command, such as command = [\"alembic\"]")
	}
	if a.Variable, err = s.text(attrs["url"]); err != nil {
		return err
	}
	if a.Variable == "" || strings.ContainsAny(a.Variable, "=:/$") {
		return at(b.TypeRange, "alembic needs the name of the environment variable in which env.py looks for the database's URL, such as url = \"DATABASE_URL\"")
	}
	if a.Scheme, err = s.text(attrs["scheme"]); err != nil {
		return err
	}
	d, err := s.duration(attrs["timeout"])
	if err != nil {
		return err
	}
	if d != nil {
		a.Timeout = *d
	}
	e.Alembic = a
	return nil
}

// decodeDiff reads how plan changes types. What an earlier block says stays.
func (e *Env) decodeDiff(b *hclsyntax.Block, s *scope) error {
	if err := s.refuseSkips(b); err != nil {
		return err
	}
	attrs := b.Body.Attributes
	rewrite, err := s.text(attrs["rewrite"])
	if err != nil {
		return err
	}
	if rewrite != "" && rewrite != "in_place" && rewrite != "expand" {
		return at(attrs["rewrite"].Expr.Range(), "unknown rewrite %q; known values: expand (the default), in_place", rewrite)
	}
	zone, err := s.text(attrs["timezone"])
	if err != nil {
		return err
	}
	e.Types.Rewrite, e.Types.Zone = cmp.Or(e.Types.Rewrite, rewrite), cmp.Or(e.Types.Zone, zone)
	return nil
}

// refuseSkips refuses a policy that keeps changes out of a plan, since a plan must produce the schema file.
func (s *scope) refuseSkips(diff *hclsyntax.Block) error {
	for _, b := range diff.Body.Blocks {
		if b.Type != "skip" {
			continue
		}
		for _, a := range b.Body.Attributes {
			skip, err := s.flag(a)
			if err != nil {
				return err
			}
			if skip {
				return at(a.NameRange, "%s is not supported: a plan must produce the schema file", in(a.Name, "diff.skip"))
			}
		}
	}
	return nil
}

// set evaluates an attribute into dst, unless it is missing or empty.
func (s *scope) set(dst *string, a *hclsyntax.Attribute) error {
	v, err := s.text(a)
	if err == nil && v != "" {
		*dst = v
	}
	return err
}

// duration evaluates an attribute like "2s"; nil if it is missing or empty.
func (s *scope) duration(a *hclsyntax.Attribute) (*time.Duration, error) {
	v, err := s.text(a)
	if err != nil || v == "" {
		return nil, err
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		return nil, at(a.Expr.Range(), "%s must be a duration such as \"2s\" or \"5m\"", a.Name)
	}
	return &d, nil
}

// bytes evaluates an attribute like "4GB", with PostgreSQL's units, to a number of bytes; 0 if it is missing or empty.
func (s *scope) bytes(a *hclsyntax.Attribute) (int64, error) {
	v, err := s.text(a)
	if err != nil || v == "" {
		return 0, err
	}
	for i, unit := range []string{"kB", "MB", "GB", "TB"} {
		number, ok := strings.CutSuffix(v, unit)
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32)
		if shift := 10 * (i + 1); ok && err == nil && n > 0 && n<<shift>>shift == n {
			return n << shift, nil
		}
	}
	return 0, at(a.Expr.Range(), "%s must be a size such as \"512MB\" or \"4GB\"", a.Name)
}

// keyword returns an expression that is a single word, bare or quoted.
func keyword(expr hclsyntax.Expression) string {
	switch x := expr.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		if len(x.Traversal) == 1 {
			return x.Traversal.RootName()
		}
	case *hclsyntax.TemplateExpr:
		if v, diags := x.Value(nil); !diags.HasErrors() {
			return v.AsString()
		}
	}
	return ""
}

// path turns a file:// URL into a path in the project folder.
func (e *Env) path(a *hclsyntax.Attribute, raw string) (string, error) {
	bad := func(format string, args ...any) error {
		return at(a.Expr.Range(), "%s: %w", a.Name, fmt.Errorf(format, args...))
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "file" {
		return "", bad("must be a file:// URL, relative to %s", ConfigName)
	}
	for key, values := range u.Query() {
		if key != "format" || strings.Join(values, "") != "atlas" {
			return "", bad("?%s is not supported", key)
		}
	}
	// In file://migrations/x the first part of the path is the URL's host.
	p := path.Clean(u.Host + u.Path)
	if path.IsAbs(p) {
		rel, err := filepath.Rel(e.Root, filepath.FromSlash(p))
		if err != nil || e.OnEmbedded {
			rel = ".."
		}
		p = filepath.ToSlash(rel)
	}
	if !fs.ValidPath(p) || p == "." {
		return "", bad("%s is outside the project folder, which must contain all of a project's files", raw)
	}
	return p, nil
}
