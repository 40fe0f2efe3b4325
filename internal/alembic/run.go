package alembic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// A Command is how to run a project's own Alembic.
type Command struct {
	Args     []string      // the program and its first arguments
	Variable string        // the environment variable in which env.py looks for the database's URL
	Scheme   string        // of that URL, by default postgresql
	Timeout  time.Duration // of a run, by default DefaultTimeout
	Folder   *Folder       // of the revisions
}

// DefaultTimeout is how long a run may take.
const DefaultTimeout = 5 * time.Minute

// A RunError means that Alembic failed.
type RunError struct {
	Args   []string // the arguments
	Reason string   // the exception, or the last line that was printed
	Path   string   // the revision file and the line in it that raised the exception, "" if none did
	Line   int
}

func (e *RunError) Error() string {
	text := "alembic " + strings.Join(e.Args, " ") + " failed: " + e.Reason
	if e.Path != "" {
		return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, text)
	}
	return text
}

// NotImplemented reports whether a revision raised a NotImplementedError, and what it says.
func (e *RunError) NotImplemented() (why string, ok bool) {
	why, ok = strings.CutPrefix(e.Reason, "NotImplementedError")
	return strings.TrimSpace(strings.TrimPrefix(why, ":")), ok && e.Path != ""
}

// A TimeoutError means that a run was ended because it took too long.
type TimeoutError struct {
	Args  []string
	After time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("alembic %s ran for more than %s, and was ended: if it needs more, set timeout in atlas.hcl's alembic block", strings.Join(e.Args, " "), e.After)
}

// Run runs Alembic with arguments, in the folder of its configuration. env.py finds the database's URL in the
// variable, and psycopg in those of libpq. The error is a *RunError if Alembic fails, and a *TimeoutError if it is too
// slow.
func (c *Command) Run(ctx context.Context, db *url.URL, args ...string) error {
	dir, err := home(ctx, c.Folder.Path)
	if err != nil {
		return err
	}
	limit := cmp.Or(c.Timeout, DefaultTimeout)
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	program := c.Args[0]
	if filepath.Base(program) != program && !filepath.IsAbs(program) {
		program = filepath.Join(dir, program)
	}
	cmd := exec.CommandContext(timed, program, append(c.Args[1:len(c.Args):len(c.Args)], args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), c.environment(db)...)
	cmd.Cancel = func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return cmd.Process.Kill() // not every system has signals
		}
		return nil
	}
	cmd.WaitDelay = 2 * time.Second // then it is killed
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case timed.Err() != nil:
		return &TimeoutError{args, limit}
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no program %s, which atlas.hcl's alembic block names: activate the Python environment that has it, or write its path", c.Args[0])
	}
	text := string(out)
	if password, ok := db.User.Password(); ok {
		text = strings.ReplaceAll(text, password, "xxxxx")
	}
	e := &RunError{Args: args, Reason: cmp.Or(reason(text), err.Error())}
	e.Path, e.Line = c.Folder.raised(text)
	return e
}

// environment returns the variables that name the database.
func (c *Command) environment(db *url.URL) []string {
	u := *db
	u.Scheme = cmp.Or(c.Scheme, u.Scheme)
	password, _ := u.User.Password()
	return []string{
		c.Variable + "=" + u.String(), "PGHOST=" + u.Hostname(), "PGPORT=" + u.Port(), "PGUSER=" + u.User.Username(), "PGPASSWORD=" + password,
		"PGDATABASE=" + strings.TrimPrefix(u.Path, "/"), "PGSSLMODE=disable",
	}
}

// home returns the folder in which Alembic finds its configuration: the nearest one with it at or above the folder of
// the revision files, or else that which has the script folder.
func home(ctx context.Context, versions string) (string, error) {
	versions, err := filepath.Abs(versions)
	if err != nil {
		return "", err
	}
	for dir := versions; ; dir = filepath.Dir(dir) {
		if configures(ctx, dir) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return filepath.Dir(filepath.Dir(versions)), nil
		}
	}
}

// configures reports whether a folder has Alembic's configuration.
func configures(ctx context.Context, dir string) bool {
	root, err := tree.Open(ctx, dir)
	if err != nil {
		return false
	}
	defer root.Close()
	if _, err := fs.Stat(root, "alembic.ini"); err == nil {
		return true
	}
	text, err := fs.ReadFile(root, "pyproject.toml")
	return err == nil && strings.Contains(string(text), "[tool.alembic]")
}

const traceback = "Traceback (most recent call last):"

// reason returns the exception of the last traceback, or the last line that isn't empty.
func reason(out string) string {
	if i := strings.LastIndex(out, traceback); i >= 0 {
		for line := range strings.Lines(out[i+len(traceback):]) {
			if line = strings.TrimRight(line, "\r\n"); line != "" && !strings.HasPrefix(line, " ") {
				return line
			}
		}
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// frame matches a line of a traceback.
var frame = regexp.MustCompile(`(?m)^ +File "(.+)", line (\d+), in `)

// raised returns where in a revision file the exception of the last traceback came from.
func (f *Folder) raised(out string) (path string, line int) {
	i := strings.LastIndex(out, traceback)
	if i < 0 {
		return "", 0
	}
	for _, m := range frame.FindAllStringSubmatch(out[i:], -1) {
		for _, r := range f.Revisions {
			if filepath.Base(m[1]) == r.File {
				path = filepath.Join(f.Path, r.File)
				line, _ = strconv.Atoi(m[2])
			}
		}
	}
	return path, line
}
