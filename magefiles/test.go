//go:build mage

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/magefile/mage/mg"
)

// testMajors are the major versions of PostgreSQL that the tests run on with -full:
// the oldest and the newest supported, and those that production and its successor
// are. Where one isn't installed it's fetched by npm.
var testMajors = []string{"13", "15", "17", "18"}

// Test runs the project's own tests.
//
// With -full it runs them on PostgreSQL 13, 15, 17 and 18, the long matrices included,
// and says at the end what the tests counted, over all of them.
func Test(ctx context.Context,
	full *bool, // on every supported PostgreSQL, and the long matrices too
) error {
	return run(ctx, func(ctx context.Context) error {
		if !value(full) {
			return goTool(ctx, ".", "test", "-timeout=60m", "./...")
		}
		os.Setenv("SCHEMA_TEST_FULL", "1")
		var errs []error
		var lines []string
		total := counts{}
		for _, major := range testMajors {
			say("== PostgreSQL %s", major)
			os.Setenv("SCHEMA_TEST_MAJOR", major)
			start := time.Now()
			n, err := countedTests(ctx)
			lines = append(lines, fmt.Sprintf("PostgreSQL %s: %s, in %s", major, n, time.Since(start).Round(time.Second)))
			total.add(n.counts)
			if err != nil {
				errs = append(errs, fmt.Errorf("on PostgreSQL %s: %w", major, err))
			}
			if ctx.Err() != nil {
				break
			}
		}
		say("%s\nall: %s", strings.Join(lines, "\n"), total)
		return errors.Join(errs...)
	})
}

// counts are what tests count themselves, by T.Attr with a number.
type counts map[string]int

func (c counts) add(more counts) {
	for k, n := range more {
		c[k] += n
	}
}

func (c counts) String() string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(c)) {
		parts = append(parts, fmt.Sprintf("%d %s", c[k], k))
	}
	return strings.Join(parts, ", ")
}

// testCount is how many tests, parts of tests included, ended in which way, and what they
// counted.
type testCount struct {
	passed, skipped, failed int
	counts                  counts
}

func (c testCount) String() string {
	s := fmt.Sprintf("%d passed, %d skipped, %d failed", c.passed, c.skipped, c.failed)
	if len(c.counts) > 0 {
		s += "; " + c.counts.String()
	}
	return s
}

// countedTests runs all tests and shows a line for each package, and all that those
// said that failed.
func countedTests(ctx context.Context) (testCount, error) {
	cmd := exec.CommandContext(ctx, mg.GoCmd(), "test", "-json", "-timeout=5h", "./...")
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return testCount{}, err
	}
	if err := cmd.Start(); err != nil {
		return testCount{}, err
	}
	n, err := readTests(out, os.Stdout)
	if err != nil {
		// Or the command would wait for its reader.
		_, _ = io.Copy(io.Discard, out)
	}
	return n, errors.Join(err, cmd.Wait())
}

// readTests reads what go test -json writes.
func readTests(from io.Reader, to io.Writer) (testCount, error) {
	n := testCount{counts: counts{}}
	output := map[[2]string]*strings.Builder{} // by package and test
	events := json.NewDecoder(bufio.NewReader(from))
	for {
		var e struct{ Action, Package, Test, Output, Key, Value string }
		if err := events.Decode(&e); err == io.EOF {
			return n, nil
		} else if err != nil {
			return n, fmt.Errorf("reading the tests' results: %w", err)
		}
		key := [2]string{e.Package, e.Test}
		switch e.Action {
		case "output", "build-output":
			if e.Test == "" {
				if !strings.HasSuffix(e.Output, "[no test files]\n") && e.Output != "PASS\n" {
					fmt.Fprint(to, e.Output)
				}
				continue
			}
			if output[key] == nil {
				output[key] = &strings.Builder{}
			}
			output[key].WriteString(e.Output)
		case "attr":
			if number, err := strconv.Atoi(e.Value); err == nil {
				n.counts[e.Key] += number
			}
		case "pass", "skip", "fail":
			switch {
			case e.Test == "":
				// Of a package that ended in the middle, the test that ran says why.
				for k, s := range output {
					if e.Action == "fail" && k[0] == e.Package {
						fmt.Fprint(to, s)
					}
				}
				continue
			case e.Action == "pass":
				n.passed++
			case e.Action == "skip":
				n.skipped++
			default:
				n.failed++
				fmt.Fprint(to, output[key])
			}
			delete(output, key)
		}
	}
}
