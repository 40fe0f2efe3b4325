package fix

import "strings"

// An Index is one to build.
type Index struct {
	Name   string // "ix_results_env"
	Full   string // the same with its schema, as it is named where no table is: "app.ix_results_env"
	Table  string
	Unique bool
	On     string // what follows the table's name: "USING btree (env) WHERE env IS NOT NULL"
}

func (x Index) create(option, only string) string {
	unique := ""
	if x.Unique {
		unique = "UNIQUE "
	}
	return "CREATE " + unique + "INDEX " + option + x.Name + " ON " + only + x.Table + " " + x.On
}

func (x Index) concurrently() string { return x.create("CONCURRENTLY ", "") }

var createIndex = entry("create-index-concurrently", "builds an index while the table is read and written")

// CreateIndex builds the index.
func CreateIndex(x Index) Text { return createIndex("%s%s;", noTransaction, x.concurrently()) }

var dropIndex = entry("drop-index-concurrently", "drops indexes, and constraints after them, while their table is read and written")

// DropIndexes drops indexes, then constraints of a table, each by itself. Indexes are named with their schema.
func DropIndexes(indexes []string, table string, constraints []string) Text {
	var list []string
	for _, x := range indexes {
		list = append(list, "DROP INDEX CONCURRENTLY "+x+";")
	}
	for _, c := range constraints {
		list = append(list, "ALTER TABLE "+table+" DROP CONSTRAINT "+c+";")
	}
	head := ""
	if len(indexes) > 0 {
		head = noTransaction
	}
	return dropIndex("%s%s", head, strings.Join(list, "\n"))
}

var rebuildIndex = entry("rebuild-index", "puts an index that is built concurrently in the place of another")

// RebuildIndex builds an index under a free name, x's, drops the old one, and gives the new one its name.
func RebuildIndex(x Index, old, name string) Text {
	return rebuildIndex("%s%s;\nDROP INDEX CONCURRENTLY %s;\nALTER INDEX %s RENAME TO %s;", noTransaction, x.concurrently(), old, x.Full, name)
}

var buildAgain = entry("build-index-again", "builds an index in the place of one of its name, which may be INVALID")

// BuildAgain drops what has the index's name, and builds it. The statement is its CREATE INDEX, without IF NOT EXISTS.
func BuildAgain(index, stmt string) Text {
	return buildAgain("%sDROP INDEX CONCURRENTLY IF EXISTS %s;\n%s;", noTransaction, index, stmt)
}

// A PartitionedIndex is an index of a partitioned table with those of its partitions, or the index of a partition that has no more of them.
type PartitionedIndex struct {
	Index
	Partitioned bool
	Built       bool // whether it is there already, to be attached
	Parts       []PartitionedIndex
}

var partitionedIndex = entry("partitioned-index", "builds an index of a partitioned table while that is read and written, partition by partition")

// CreatePartitionedIndex builds the index of each partition, and attaches it to that of the partitioned table.
func CreatePartitionedIndex(x PartitionedIndex) Text {
	return partitionedIndex("%s%s", noTransaction, strings.Join(x.statements(), "\n"))
}

func (x PartitionedIndex) statements() []string {
	switch {
	case x.Built:
		return nil
	case !x.Partitioned:
		return []string{x.concurrently() + ";"}
	}
	list := []string{x.create("", "ONLY ") + ";"}
	for _, p := range x.Parts {
		list = append(append(list, p.statements()...), "ALTER INDEX "+x.Full+" ATTACH PARTITION "+p.Full+";")
	}
	return list
}

var reindex = entry("reindex-concurrently", "rebuilds indexes while their table is read and written")

// Reindex is a REINDEX statement with CONCURRENTLY.
func Reindex(stmt string) Text { return reindex("%s%s;", noTransaction, stmt) }
