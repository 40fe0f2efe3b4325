package online

import (
	"cmp"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// A stage is a position in the order of a plan. Additions come first, scans of whole tables next, removals last: the
// database works between any two stages.
type stage int

const (
	stageRename     stage = iota // tables, columns and enums: all other stages use the new names
	stageEnum                    // new enum values, usable only in later transactions
	stageUnblock                 // drops of what blocks changes of types
	stageSwapEnum                // enums that lose or reorder values
	stageNames                   // indexes and keys whose names new objects take
	stageNew                     // schemas, types and tables
	stageNewKeys                 // foreign keys of new tables to several existing ones
	stageNumbers                 // indexes that find the last number of a column
	stageAlter                   // quick changes, a file for each table
	stageRewrite                 // changes that block a big table for long, or that need stageAlter of another table
	stageAnalyze                 // statistics that are lost with a column's old type
	stageBackfill                // values of new columns
	stageKeys                    // foreign keys, not yet valid
	stageValidate                // scans that don't block
	stageBuild                   // indexes
	stageLateKeys                // foreign keys that refer to indexes of stageBuild
	stageLateScan                // scans that validate the keys of stageLateKeys
	stageExpand                  // changes of types by expand and contract, without the contract
	stageSwap                    // constraints that replace old ones
	stageDropKeys                // foreign keys
	stageDropUnique              // unique indexes that other foreign keys may use
	stageDropIndex               // indexes
	stageDrop                    // constraints and columns, a file for each table
	stageDropTables              //
	stageContract                // columns that others have replaced
	stageDropTypes               // types and schemas
)

// apart reports whether the stage's statements commit one by one.
func (s stage) apart() bool {
	switch s {
	case stageUnblock, stageAnalyze, stageBackfill, stageNewKeys, stageKeys, stageValidate, stageBuild, stageLateKeys, stageLateScan, stageDropKeys, stageDropUnique, stageDropIndex, stageDropTables:
		return true
	}
	return false
}

// A cmd is a statement, or an action that is merged with adjacent ones into an ALTER TABLE.
type cmd struct {
	note   []string // lines of the comment above it
	sql    string
	table  string // of the action
	action string
	last   bool // belongs at the end of the file, once
}

func sql(text string, note ...string) cmd { return cmd{note: note, sql: text} }

func action(t *table, text string, note ...string) cmd {
	return cmd{note: note, table: t.String(), action: text}
}

func (c cmd) String() string {
	if c.action != "" {
		return "ALTER TABLE " + c.table + " " + c.action
	}
	return c.sql
}

// An Op is a part of a change, within one file.
type Op struct {
	stage stage
	key   string // ops of a stage with the same key share a file
	rank  int    // the order within a stage
	// together reports that up is one transaction, although its stage's statements commit one by one. The key must be
	// the op's own then.
	together bool
	// apart reports that the statements of up commit one by one, although those of its stage don't.
	apart bool
	// passing reports that the file leaves something to a later file of the plan that schema.hcl doesn't know.
	passing bool
	// contract reports that apply stops before the file.
	contract bool
	up       []cmd
	down     []cmd
	// downApart reports that down takes several transactions.
	downApart bool
	// irreversible is why up cannot be reverted. Such ops don't share a file with others.
	irreversible string
	losses       []string
	parents      []string // existing tables that a new one refers to
	// hazards are listed at the top of the file.
	hazards, downHazards []hazard.Hazard

	// builds is an index that up builds, unblocks one that it drops before types change.
	builds, unblocks *index

	// fills or sets is a new column that fillTogether fills, or sets NOT NULL; there is nothing else then.
	fills, sets *column
	// tightens is an existing column that tightenTogether sets NOT NULL; there is nothing else then.
	tightens *column

	change  change   // the change that it is a part of
	step    string   // of a change that takes several files: expand, swap or contract
	refusal *Refusal // if set, there is no op, and this is the reason
}

// sortOps returns ops in the order of their stages.
func sortOps(ops []Op) []Op {
	return slices.SortedStableFunc(slices.Values(ops), func(a, b Op) int {
		return cmp.Or(cmp.Compare(a.stage, b.stage), cmp.Compare(a.rank, b.rank))
	})
}

// undo appends ops, which revert o, to its down statements.
func (o Op) undo(ops []Op) Op {
	ops = sortOps(ops)
	for i, u := range ops {
		o.down = append(o.down, u.up...)
		for _, h := range u.hazards {
			if h.Kind != hazard.Violated { // the rows satisfied it before
				o.downHazards = append(o.downHazards, h)
			}
		}
		o.downApart = o.downApart || i > 0 && u.stage != ops[i-1].stage || standalone(u.up) || u.stage.apart() && len(u.up) > 1
	}
	return o
}

func standalone(cmds []cmd) bool {
	return slices.ContainsFunc(cmds, func(c cmd) bool {
		stmts, err := pgsql.Split(c.String())
		return err == nil && slices.ContainsFunc(runner.Cut(stmts, true), func(u runner.Unit) bool {
			return u.Mode == runner.Alone || u.Mode == runner.MayCommit
		})
	})
}
