package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// parsers read metrics strictly, each in its format. They get the file on standard input.
var parsers = []struct {
	command []string
	install string
}{
	{[]string{"promtool", "check", "metrics"}, "apt-get install prometheus"},
	{[]string{"/usr/bin/python3", "-c", "import sys; from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse; list(parse(sys.stdin.read()))"},
		"apt-get install python3-prometheus-client"},
}

// The reference's alerts are rules of Prometheus.
func TestAlerts(t *testing.T) {
	promtool := peer(t, "promtool", parsers[0].install)
	text, err := os.ReadFile(filepath.Join(root(), "docs", "reference.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n### Metrics\n")
	_, rest, _ = strings.Cut(rest, "```yaml\n")
	rules, _, _ := strings.Cut(rest, "```")
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(promtool, "check", "rules", file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "SUCCESS: 3 rules found") {
		t.Errorf("%v\n%s", err, out)
	}
}

// varying are the parts of samples that differ between runs.
var varying = []struct {
	pattern *regexp.Regexp
	as      string
}{
	{regexp.MustCompile(`(_seconds\{.*\}) \d+\.\d{3}\n`), "$1 SECONDS\n"},
	{regexp.MustCompile(`(_tool\{.*version=)".+"`), `$1"TOOL"`},
}

// cmdMetrics checks a file of metrics as Prometheus does, and prints its samples.
func cmdMetrics(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "metrics FILE")
	text, err := os.ReadFile(ts.MkAbs(args[0])) // unlike ts.ReadFile, never standard output
	ts.Check(err)
	for _, p := range parsers {
		cmd := exec.Command(p.command[0], p.command[1:]...)
		cmd.Stdin = strings.NewReader(string(text))
		out, err := cmd.CombinedOutput()
		missing := cmd.ProcessState == nil || strings.Contains(string(out), "ModuleNotFoundError")
		switch {
		case missing && os.Getenv("SCHEMA_TEST_PEERS") == "required":
			ts.Fatalf("%s is missing: %s", filepath.Base(p.command[0]), p.install)
		case err != nil && !missing, len(out) > 0 && !missing:
			ts.Fatalf("%s: %v\n%s%s", filepath.Base(p.command[0]), err, out, text)
		}
	}
	names := scriptOf(ts).placeholders()
	for line := range strings.Lines(names.Replace(string(text))) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, v := range varying {
			line = v.pattern.ReplaceAllString(line, v.as)
		}
		fmt.Fprint(ts.Stdout(), line)
	}
}
