package report

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// The parts of SARIF 2.1.0 that are used here.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
		Invocations []sarifInvocation `json:"invocations,omitempty"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID                   string          `json:"id"`
		Name                 string          `json:"name"`
		ShortDescription     sarifText       `json:"shortDescription"`
		Help                 sarifText       `json:"help"`
		HelpURI              string          `json:"helpUri,omitempty"`
		DefaultConfiguration sarifLevel      `json:"defaultConfiguration"`
		Properties           sarifProperties `json:"properties"`
	}
	sarifProperties struct {
		Tags []string `json:"tags"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifResult struct {
		RuleID              string            `json:"ruleId"`
		RuleIndex           int               `json:"ruleIndex"`
		Level               string            `json:"level"`
		Message             sarifText         `json:"message"`
		Locations           []sarifLocation   `json:"locations"`
		PartialFingerprints map[string]string `json:"partialFingerprints"`
		Properties          *sarifTable       `json:"properties,omitempty"`
	}
	sarifTable struct {
		Lock string `json:"lock,omitempty"` // as in JSON
		Held string `json:"held,omitempty"`
		Size *size  `json:"size,omitempty"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPlace `json:"physicalLocation"`
	}
	sarifPlace struct {
		ArtifactLocation sarifFile   `json:"artifactLocation"`
		Region           sarifRegion `json:"region"`
	}
	sarifFile struct {
		URI       string `json:"uri"`
		URIBaseID string `json:"uriBaseId"`
	}
	sarifRegion struct {
		StartLine   int        `json:"startLine"`
		StartColumn int        `json:"startColumn,omitempty"`
		EndLine     int        `json:"endLine,omitempty"`
		EndColumn   int        `json:"endColumn,omitempty"` // exclusive
		Snippet     *sarifText `json:"snippet,omitempty"`
	}
)

func (p *Printer) lintSARIF(r *lint.Report) error {
	driver := sarifDriver{Name: "ibutsu-schema", Version: p.ToolVersion, Rules: []sarifRule{}}
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	rules := make(map[string]lint.Rule)
	for _, rule := range lint.Rules() {
		rules[rule.Name] = rule
	}
	for _, f := range r.Files {
		src := newListing(f.Text)
		for _, d := range f.Diagnostics {
			id := d.Code
			if id == "" {
				id = d.Name
			}
			i := slices.IndexFunc(driver.Rules, func(r sarifRule) bool { return r.ID == id })
			if i < 0 {
				i = len(driver.Rules)
				driver.Rules = append(driver.Rules, newSARIFRule(id, d, rules[d.Name]))
			}
			at := src.span(d)
			var about *sarifTable
			if d.Lock != "" || d.Held != "" || d.Size != nil {
				about = &sarifTable{d.Lock, d.Held, newSize(d.Size)}
			}
			run.Results = append(run.Results, sarifResult{
				RuleID: id, RuleIndex: i, Level: string(d.Severity), Message: sarifMessage(d),
				Locations: []sarifLocation{{sarifPlace{
					ArtifactLocation: sarifFile{URI: (&url.URL{Path: p.location(f.Name, 0, 0)}).String(), URIBaseID: "%SRCROOT%"},
					Region:           src.region(d, at),
				}}},
				// It survives lines that are added before the statement, and changes with the statement.
				PartialFingerprints: map[string]string{"finding/v1": fingerprint(f.Name, d.Name, d.Table, d.Column, oneLine(f.Text[min(at.start, len(f.Text)):min(at.end, len(f.Text))]))},
				Properties:          about,
			})
		}
	}
	if r.OwnSettings {
		run.Invocations = []sarifInvocation{{true, []sarifNotification{{"note", sarifText{Text: upperFirst(lint.NoBase) + "."}}}}}
	}
	run.Tool.Driver = driver
	return p.Out.json(sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

func newSARIFRule(id string, d lint.Diagnostic, rule lint.Rule) sarifRule {
	level := rule.Severity
	if level == "" {
		level = d.Severity
	}
	help := rule.Help
	if help == "" {
		help = d.Title
	}
	tags := []string{"postgresql", "migration"}
	if rule.Analyzer != "" {
		tags = append(tags, rule.Analyzer)
	}
	uri := ""
	if rule.Name != "" {
		uri = rule.HelpURI()
	}
	return sarifRule{
		ID: id, Name: d.Name, ShortDescription: sarifText{Text: strings.ReplaceAll(d.Name, "-", " ")},
		Help:                 sarifText{Text: help, Markdown: help}, // our own text
		HelpURI:              uri,
		DefaultConfiguration: sarifLevel{string(level)}, Properties: sarifProperties{tags},
	}
}

func sarifMessage(d lint.Diagnostic) sarifText {
	text, md := plainSARIF(d.Describe()), document{}
	md.put(prose(d.Describe()))
	for _, part := range []struct {
		head safe
		md   markdown
		text string
	}{{"Instead", "Instead", advised(d.Fix)}, {"Offending rows", "Offending rows", advised(d.Query)}} {
		if part.text == "" {
			continue
		}
		text += "\n" + part.head + ": " + plainSARIF(part.text)
		if isSQL(part.text) || strings.Contains(part.text, "\n") {
			md.put("\n\n", part.md, ":\n\n", block(part.text))
		} else {
			md.put("\n\n", part.md, ": ", prose(part.text))
		}
	}
	return sarifText{Text: string(text), Markdown: string(md.markdown())}
}

// region returns where a finding is. For a file as a whole it is the first line.
func (s listing) region(d lint.Diagnostic, at span) sarifRegion {
	if at.start == at.end {
		return sarifRegion{StartLine: max(1, d.Line), StartColumn: d.Col}
	}
	const longest = 1000 // bytes of a snippet
	text := s.text[at.start:at.end]
	start := pgsql.Pos{Line: 1, Col: 1}.After(s.text[:at.start])
	end := start.After(text)
	r := sarifRegion{StartLine: start.Line, StartColumn: start.Col, EndLine: end.Line, EndColumn: end.Col}
	if len(text) <= longest {
		r.Snippet = &sarifText{Text: text}
	}
	return r
}

func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}
