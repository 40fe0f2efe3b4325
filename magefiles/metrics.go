//go:build mage

package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/report"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// metrics are those of a command, and the file that -metrics names.
type metrics struct {
	report.Metrics
	file    string
	project string // the project's folder, "" while it is unknown
}

// metricsOf returns the metrics of a command for the flag -metrics, nil if it isn't given.
func metricsOf(command string, file *string) *metrics {
	if file == nil {
		return nil
	}
	return &metrics{Metrics: report.Metrics{Command: command, Tool: toolVersion(), Start: time.Now()}, file: *file}
}

// check returns an error if the file can't be written later, when the command has done its work.
func (m *metrics) check() error {
	if err := tree.Writable(m.file); err != nil {
		return usage.Errorf("-metrics=%s: %v", m.file, err)
	}
	return nil
}

// write replaces the file, all or nothing, after a command that ended with err. It returns the error that the command
// ends with now.
func (m *metrics) write(ctx context.Context, err error) error {
	text := m.Text(exitCode(ctx, err), time.Now())
	// A command that was interrupted has metrics, too.
	failed := tree.Write(context.WithoutCancel(ctx), m.project, m.file, text)
	if failed != nil {
		failed = fmt.Errorf("writing the metrics: %w", failed)
	}
	if err != nil && failed != nil {
		say("%v", failed)
	}
	return cmp.Or(err, failed)
}
