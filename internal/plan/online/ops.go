package online

import (
	"cmp"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// A stage is a place in the order of a plan. What extends the schema comes first, what
// reads whole tables in the middle, what takes something away last: whoever stops between
// two stages has a working database.
type stage int

const (
	stageRename     stage = iota // tables, columns and enums: all other stages use the new names
	stageEnum                    // new values of enums, which only later transactions can use
	stageFree                    // what holds on to the old types of its columns
	stageSwapEnum                // enums that lose values, made anew
	stageNames                   // indexes and keys whose name something new takes over
	stageNew                     // schemas, types and tables
	stageNewKeys                 // foreign keys of new tables to several existing ones
	stageNumbers                 // sequences that begin after the highest number there is
	stageAlter                   // what is done in a moment, a file for each table
	stageRewrite                 // what takes as long as the table is big and blocks, or needs stageAlter of another table
	stageAnalyze                 // what the planner forgets with a column's old type
	stageBackfill                // values of new columns
	stageKeys                    // foreign keys, not valid yet
	stageValidate                // scans that block nobody
	stageBuild                   // indexes
	stageLateKeys                // foreign keys that refer to what stageBuild builds
	stageLateScan                // the scan for those
	stageSwap                    // new constraints take the place of old ones
	stageDropKeys                // foreign keys
	stageLetGo                   // unique indexes that other foreign keys may rest on
	stageDropIndex               // indexes
	stageDrop                    // constraints and columns, a file for each table
	stageDropTables              //
	stageDropTypes               // types and schemas
)

// apart says whether the stage's statements commit one by one.
func (s stage) apart() bool {
	switch s {
	case stageFree, stageAnalyze, stageNewKeys, stageKeys, stageValidate, stageBuild, stageLateKeys, stageLateScan, stageDropKeys, stageLetGo, stageDropIndex, stageDropTables:
		return true
	}
	return false
}

// A cmd is one statement, or an action of an ALTER TABLE, which joins those before it.
type cmd struct {
	note   []string // lines of the comment over it
	sql    string
	table  string // of the action
	action string
	last   bool // stands at the file's end, once
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

// An Op is a part of a change that one file does.
type Op struct {
	stage stage
	key   string // the ops of a stage with the same key share a file
	rank  int    // the order in a file, where it matters
	up    []cmd
	down  []cmd
	// downApart says that the way back is made of several transactions.
	downApart bool
	// noWayBack is why there is none; an op that has none shares no file with one that has.
	noWayBack string
	losses    []string
	parents   []string // existing tables that a new one refers to
	// hazards are what the file says first.
	hazards, downHazards []hazard.Hazard

	change  change   // what it is a part of, for the name of the migration
	refusal *Refusal // why there is no op
}

// sortOps returns ops in the order of their stages.
func sortOps(ops []Op) []Op {
	return slices.SortedStableFunc(slices.Values(ops), func(a, b Op) int {
		return cmp.Or(cmp.Compare(a.stage, b.stage), cmp.Compare(a.rank, b.rank))
	})
}

// undo makes the ops of a change that is taken back the way back of o.
func (o Op) undo(ops []Op) Op {
	ops = sortOps(ops)
	for i, u := range ops {
		o.down = append(o.down, u.up...)
		o.downHazards = append(o.downHazards, u.hazards...)
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
