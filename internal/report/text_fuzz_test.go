package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzText checks for any text what the other tests check for one.
func FuzzText(f *testing.F) {
	f.Add(hostile)
	f.Add("plain ä 漢 \t")
	f.Add("#" + "#[a")
	f.Add("\xf0\x9f\x91")
	f.Add(":a:b:c: @@a ##1")
	f.Fuzz(func(t *testing.T, text string) {
		clean := func(s string) string { return strings.ReplaceAll(s, secretText, "") }
		one := string(line(text))
		harmless(t, "a line", clean(one), false, 0)
		if strings.ContainsAny(one, "\n\r\t") {
			t.Errorf("line(%q) = %q", text, one)
		}
		several := string(lines(text, "   "))
		harmless(t, "lines", clean(several), false, 0)
		for i, l := range strings.Split(several, "\n") {
			if i > 0 && l != "" && !strings.HasPrefix(l, "   ") {
				t.Errorf("lines(%q) = %q", text, several)
			}
		}
		// Whatever precedes and follows it.
		for _, put := range [][]safe{{lines(text, ""), "\n"}, {"#", source(text), "#"}, {line(text), "#", line(text)}, {" ", source(text), ":", line(text)}} {
			var p page
			p.put(put...)
			p.annotate(annotation{level: "error", file: text, title: text, text: text, line: 1})
			p.put(put...)
			harmless(t, "a page", clean(p.text(true)), true, 1)
		}
		// The annotation decodes to the text.
		head, data, ok := strings.Cut(strings.TrimPrefix(annotation{level: "error", file: text, title: text, text: text, line: 1}.String(), "::"), "::")
		level, properties, _ := strings.Cut(head, " ")
		if !ok || level != "error" || unescapeCommand(data) != disarm(string(lines(text, ""))) {
			t.Errorf("%q is annotated as %q, %q", text, head, data)
		}
		for _, property := range strings.Split(properties, ",") {
			key, value, _ := strings.Cut(property, "=")
			if want := map[string]string{"file": disarm(one), "title": disarm(one), "line": "1"}[key]; unescapeCommand(value) != want || key == "" && text != "" {
				t.Errorf("%q is annotated with %q", text, property)
			}
		}
		var d document
		d.put("## a\n\n* ", prose(text), " ", code(text), "\n\n", fenced("sql", text), "\n| a |\n| --- |\n| ", cell(text), " |\n\n<details><summary>SQL</summary>\n\n", fenced("text", text), "\n</details>\n")
		md := clean(strings.Replace(strings.Replace(d.b.String(), "## a", "### a", 1), "* ", "a ", 1))
		harmlessMarkdown(t, "Markdown", md)
	})
}

// unescapeCommand reads a command's parts as the runner does.
func unescapeCommand(text string) string {
	return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(text)
}

// FuzzJSON decodes what was encoded.
func FuzzJSON(f *testing.F) {
	f.Add(hostile, hostile)
	f.Add("##[a", "\U000e0041\U0001f600\u2028\x00\\u0000\\")
	f.Fuzz(func(t *testing.T, key, value string) {
		valid := func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
		key, value = valid(key), valid(value)
		type nested struct {
			Text string
			List []string
			Map  map[string]string
		}
		want := nested{value, []string{value, key}, map[string]string{key: value}}
		var out bytes.Buffer
		s := NewStream(&out, noEnv)
		if err := s.json(want); err != nil {
			t.Fatal(err)
		}
		var got nested
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%v: %q", err, out.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("JSON decodes to another value: %s", diff)
		}
		harmless(t, "JSON", strings.ReplaceAll(out.String(), secretText, ""), true, 0)
		if slices.ContainsFunc(splitLines(out.String()), func(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), "::") }) {
			t.Errorf("a line of JSON is a command: %s", out.String())
		}
	})
}
