package lint

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/gitdiff"
	"github.com/ibutsu/ibutsu-schema/internal/project"
)

// Settings decide what is linted and what is reported.
type Settings struct {
	Env *project.Env // with the base's settings, if there is a base
	// The others are those of Config.
	Base              string
	MergedDir, TipDir string
	Latest            int
	Changes           []Diagnostic
	OwnSettings       bool
	// Sizes are those in the file that the settings name.
	Sizes Sizes
}

// ReadSettings determines the settings for linting a change to env's project. They are those of the tip of the branch
// that it will be merged into, because a change must not decide how it is judged. base and latest are the flags, which
// override atlas.hcl. lookup reads the environment, by default os.LookupEnv.
func ReadSettings(ctx context.Context, env *project.Env, base string, latest int, lookup func(string) (string, bool)) (*Settings, error) {
	s := &Settings{Env: env, Base: base, Latest: latest}
	choose := func(gate project.Gate) {
		if base == "" && latest == 0 {
			s.Base, s.Latest = gate.Base, gate.Latest
		}
	}
	choose(env.Gate)
	find := func(base string) (*gitdiff.Base, error) {
		return gitdiff.FindBase(ctx, gitdiff.Config{Root: env.Root, Base: base, LookupEnv: lookup})
	}
	if env.OnEmbedded {
		return s.own()
	}
	git, err := find(base)
	named := base != "" || gitdiff.PullRequestBase(lookup) != ""
	if errors.As(err, new(*gitdiff.Error)) && !named && env.Gate.Base != "" {
		git, err = find(env.Gate.Base)
	}
	if errors.As(err, new(*gitdiff.Error)) && (latest != 0 || !named) {
		return s.own()
	}
	if err != nil {
		return nil, detectError(err)
	}
	tip, err := settingsAt(ctx, env, git, git.Tip)
	if err != nil {
		return nil, err
	}
	// The name of the base is one of these settings.
	gate := tip.gate(env)
	choose(gate)
	if base == "" && gate.Base != "" {
		other, err := find(gate.Base)
		switch {
		case errors.As(err, new(*gitdiff.Error)) && s.Latest != 0:
			// No file is compared with that base, so the settings of the one that names it will do.
		case err != nil:
			return nil, detectError(err)
		default:
			git = other
			if tip, err = settingsAt(ctx, env, git, git.Tip); err != nil {
				return nil, err
			}
		}
	}
	return s, s.take(ctx, git, tip)
}

// own keeps the project's own settings.
func (s *Settings) own() (*Settings, error) {
	s.OwnSettings = true
	var err error
	if s.Sizes, err = sizesIn(s.Env); err != nil {
		return nil, err
	}
	return s, nil
}

// sizesIn reads the file with sizes that the settings name, nil if they name none.
func sizesIn(env *project.Env) (Sizes, error) {
	f := env.Gate.Sizes
	if f == nil {
		return nil, nil
	}
	text, err := f.Read()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s, which lint.sizes names, doesn't exist: write it with lint -snapshot=%s", f.Name, f.Name)
	case err != nil:
		return nil, fmt.Errorf("reading lint.sizes: %w", err)
	}
	sizes, err := ParseSizes(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: write it with lint -snapshot=%s", f.Name, err, f.Name)
	}
	return sizes, nil
}

// take replaces the settings by those of the base's tip, and reports the changes.
func (s *Settings) take(ctx context.Context, git *gitdiff.Base, tip baseSettings) error {
	report := func(c project.Change, format string, args ...any) {
		s.Changes = append(s.Changes, Diagnostic{Line: c.Line, Col: c.Col, Name: "lint-settings-changed", Text: fmt.Sprintf(format, args...)})
	}
	own := s.Env
	switch {
	case tip.env != nil:
	case tip.invalid != nil:
		report(project.Change{}, "the atlas.hcl of %s can't be used (%s): until it is fixed there, each check has its default severity, and nothing is excluded", git.Name, tip.invalid)
	default:
		above, err := git.Above(ctx, git.Tip, project.ConfigName)
		if err != nil {
			return err
		}
		if above != "" {
			return fmt.Errorf("%s has no %s in this folder, but it has %s: run lint in that folder until this file is merged", git.Name, project.ConfigName, above)
		}
		if p := own.Gate.Policy; len(p.Analyzers)+len(p.Checks)+len(p.AllowTables)+len(p.Naming)+len(p.Rules)+len(p.Owners)+len(own.Exclude) > 0 || p.Small > 0 || p.Sizes != nil {
			report(project.Change{}, "%s has no atlas.hcl: until this one is merged, each check has its default severity, and nothing is excluded", git.Name)
		}
	}
	merged := tip
	if git.MergeBase != git.Tip {
		var err error
		if merged, err = settingsAt(ctx, own, git, git.MergeBase); err != nil {
			return err
		}
	}
	var err error
	if s.MergedDir, err = own.From(cmp.Or(merged.env, tip.env, own)); err != nil {
		return err
	}
	if s.TipDir, err = own.From(cmp.Or(tip.env, merged.env, own)); err != nil {
		return err
	}
	if tip.env == nil {
		as := *own
		as.Gate.Policy, as.Exclude = project.Policy{}, nil
		s.Env = &as
		return nil
	}
	changes := own.Changes(tip.env)
	if merged.env != nil {
		// What changed only in the base isn't this change's.
		here := own.Changes(merged.env)
		changes = slices.DeleteFunc(changes, func(c project.Change) bool {
			return !slices.ContainsFunc(here, func(h project.Change) bool { return h.Name == c.Name })
		})
	}
	for _, c := range changes {
		if c.Name == project.DirSetting {
			report(c, "%s: lint compares the new folder with the one of %s", c.Text, git.Name)
			continue
		}
		report(c, "%s: lint uses the settings of %s until this is merged", c.Text, git.Name)
	}
	if merged.env != nil && differ(own.Gate.Sizes, merged.env.Gate.Sizes) {
		report(project.Change{}, "%s was changed: lint uses the one of %s until this is merged", own.Gate.Sizes.Name, git.Name)
	}
	if s.Sizes, err = sizesIn(tip.env); err != nil {
		if ctx.Err() != nil {
			return err
		}
		report(project.Change{}, "the sizes of tables in %s can't be used (%s): until that is fixed there, no table is small", git.Name, err)
	}
	s.Env, err = own.LintAs(tip.env)
	return err
}

// differ reports whether a file differs from what it was. Other findings cover files that weren't there.
func differ(file, was *project.File) bool {
	if file == nil || was == nil {
		return false
	}
	before, err := was.Read()
	if err != nil {
		return false
	}
	now, err := file.Read()
	return err != nil || !bytes.Equal(before, now)
}

// baseSettings are the settings of a commit: env, or why there are none; neither if there is no atlas.hcl.
type baseSettings struct {
	env     *project.Env
	invalid error
}

func settingsAt(ctx context.Context, env *project.Env, git *gitdiff.Base, commit string) (baseSettings, error) {
	var failed error
	at, err := env.At(func(name string) ([]byte, error) {
		b, err := git.ReadFile(ctx, commit, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.As(err, new(*gitdiff.Error)) {
			failed = err
		}
		return b, err
	})
	switch {
	case failed != nil:
		return baseSettings{}, failed
	case errors.Is(err, project.ErrNoProject):
		return baseSettings{}, nil
	case err != nil:
		return baseSettings{invalid: err}, nil
	}
	return baseSettings{env: at}, nil
}

// gate returns the settings that choose the files to lint: the base's, or env's own if the base has no atlas.hcl.
func (b baseSettings) gate(env *project.Env) project.Gate {
	switch {
	case b.env != nil:
		return b.env.Gate
	case b.invalid != nil:
		return project.Gate{}
	}
	return env.Gate
}
