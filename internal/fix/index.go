package fix

import "strings"

// An Index is an index to build.
type Index struct {
	Name   string // "ix_results_env"
	Full   string // Name with its schema: "app.ix_results_env"
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

var createIndex = entry("create-index-concurrently", "builds an index without blocking reads or writes")

// CreateIndex builds the index.
func CreateIndex(x Index) Text { return createIndex("%s%s;", noTransaction, x.concurrently()) }

var dropIndex = entry("drop-index-concurrently", "drops indexes, then constraints, without blocking reads or writes for long")

// DropIndexes drops indexes, then constraints of a table, each in its own statement. Indexes are named with their
// schema.
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

var rebuildIndex = entry("rebuild-index", "replaces an index with one that is built concurrently")

// RebuildIndex builds index x under a free name, drops the old one, and renames x to name.
func RebuildIndex(x Index, old, name string) Text {
	return rebuildIndex("%s%s;\nDROP INDEX CONCURRENTLY %s;\nALTER INDEX %s RENAME TO %s;", noTransaction, x.concurrently(), old, x.Full, name)
}

var buildAgain = entry("build-index-again", "rebuilds an index that may be INVALID")

// BuildAgain drops the index if it exists, then builds it. The statement is its CREATE INDEX, without IF NOT EXISTS.
func BuildAgain(index, stmt string) Text {
	return buildAgain("%sDROP INDEX CONCURRENTLY IF EXISTS %s;\n%s;", noTransaction, index, stmt)
}

// A PartitionedIndex is an index of a partitioned table with those of its partitions, or the index of a leaf partition.
type PartitionedIndex struct {
	Index
	Partitioned bool
	Built       bool // whether it already exists and only needs attaching
	Parts       []PartitionedIndex
}

var partitionedIndex = entry("partitioned-index", "builds an index of a partitioned table partition by partition, without blocking reads or writes")

// CreatePartitionedIndex builds the index of each partition and attaches it to that of the partitioned table.
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

var reindex = entry("reindex-concurrently", "rebuilds indexes without blocking reads or writes")

// Reindex returns a REINDEX statement, which must have CONCURRENTLY.
func Reindex(stmt string) Text { return reindex("%s%s;", noTransaction, stmt) }

// IndexOnPartitions returns how to build an index online on a partitioned table whose partitions aren't known.
func IndexOnPartitions() Text {
	return Words("first build the index concurrently on each partition of the database: PostgreSQL attaches those that are equal, and builds none")
}

// KeyOnPartitions is like IndexOnPartitions for a unique constraint or a primary key, for which each partition's index
// must have a constraint.
func KeyOnPartitions() Text {
	return Words("build the index concurrently on each partition, add the constraint to each with USING INDEX, then to the partitioned table")
}

// ForeignKeyOnPartitions returns how to add a foreign key to a partitioned table online.
func ForeignKeyOnPartitions() Text {
	return Words("add it NOT VALID on each partition, validate those, then add it to the partitioned table")
}
