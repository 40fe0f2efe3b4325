//go:build mage

package main

import (
	"github.com/ibutsu/ibutsu-schema/internal/history"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/site"
)

// docs returns what to document, and where.
func (c *command) docs() site.Config {
	return site.Config{Dir: c.dir, Out: site.DefaultDir, Migrations: c.env.Migrations, SchemaFile: c.env.Schema}
}

// checkDocs adds a finding for each page that docs has written and that is out of date.
func (c *command) checkDocs(r *history.CheckResult) error {
	stale, err := site.Stale(c.env.FS, c.docs())
	for _, p := range stale {
		r.Findings = append(r.Findings, proof.Finding{Kind: proof.FindingDocs, File: p.File, Text: p.Why})
	}
	return err
}
