package online

import (
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// childIndex returns the partition's part of a partitioned index, if it is there.
func (t *table) childIndex(i *index) *index {
	return find(t.indexes, func(c *index) bool { return c.Parent == i.OID && i.OID != 0 })
}

// childName is the name of the index on a partition: that which it has, or a new one.
func (d *differ) childName(p *table, i *index, known bool) string {
	if known {
		if c := p.childIndex(i); c != nil {
			return c.Name
		}
	}
	return d.names.index(p, p.Name+"_"+i.Name, "")
}

// buildPartitioned builds an index of a partitioned table partition by partition. It is
// invalid until all have theirs. built says that the parts of i are those of the replayed
// state, whose names stay.
func (d *differ) buildPartitioned(t *table, i *index, name string, built bool) []cmd {
	cmds := []cmd{sql(i.create(ident(name), "ONLY "+t.String()),
		"The partitioned table's own index has no rows; it is valid when all partitions have theirs.")}
	return append(cmds, d.buildParts(t, i, name, built, func(p *table, child string) []cmd {
		return []cmd{sql(createIndex(p, i, child))}
	})...)
}

// buildParts builds the parts of an index and attaches them. leaf builds that of one
// partition.
func (d *differ) buildParts(t *table, i *index, name string, built bool, leaf func(p *table, child string) []cmd) []cmd {
	var cmds []cmd
	for _, p := range t.partitions {
		if built && !i.Valid && p.childIndex(i) == nil {
			continue // for lack of this part it is INVALID
		}
		child := d.childName(p, i, built)
		if p.Partitioned {
			own := &index{}
			if built {
				if c := p.childIndex(i); c != nil {
					own = c
				}
			}
			part := *i
			part.OID, part.Valid = own.OID, own.Valid
			cmds = append(cmds, d.buildPartitioned(p, &part, child, built)...)
		} else {
			cmds = append(cmds, leaf(p, child)...)
		}
		cmds = append(cmds, sql("ALTER INDEX "+pgsql.QualifiedIdent(t.Schema, name)+" ATTACH PARTITION "+pgsql.QualifiedIdent(p.Schema, child)))
	}
	return cmds
}

// noPartitions is the hazard of what blocks in a database that has partitions nobody told of.
func noPartitions(t *table) []hazard.Hazard {
	return blocksWrites(t, "the migrations know of no partition; where a database has some, their indexes are built at once",
		fix.Words("There, build them first, with CREATE INDEX CONCURRENTLY on each partition: PostgreSQL takes them over."))
}

func (d *differ) addPartitionedIndex(t *table, i *index) []Op {
	o := Op{stage: stageBuild, down: []cmd{dropPartitioned(t, i.Name)}}
	if len(t.partitions) == 0 {
		o.up = []cmd{sql(i.create(ident(i.Name), t.String()))}
		o.hazards = noPartitions(t)
	} else {
		o.up = d.buildPartitioned(t, i, i.Name, d.built(t, i))
	}
	o.up = append(o.up, finish(t, i)...)
	return []Op{o}
}

// built says whether i is an index of the replayed state.
func (d *differ) built(t *table, i *index) bool {
	h := d.have.tables[t.String()]
	return h != nil && find(h.indexes, func(x *index) bool { return x == i }) != nil
}

func dropPartitioned(t *table, name string) cmd {
	return sql("DROP INDEX "+pgsql.QualifiedIdent(t.Schema, name),
		"An index of a partitioned table cannot be dropped concurrently: this locks all partitions, for a moment.")
}

// addPartitionedKey adds a unique constraint or a primary key partition by partition.
func (d *differ) addPartitionedKey(t *table, k *constraint) []Op {
	o := Op{stage: stageBuild, down: []cmd{sql(dropConstraint(t, k.Name).String())}}
	if len(t.partitions) == 0 {
		o.up = []cmd{sql("ALTER TABLE " + t.String() + " ADD CONSTRAINT " + ident(k.Name) + " " + k.Def)}
		o.hazards = noPartitions(t)
		return []Op{o}
	}
	var add func(t *table, i *index, name string) []cmd
	built := d.built(t, k.index)
	add = func(t *table, i *index, name string) []cmd {
		return append([]cmd{sql("ALTER TABLE ONLY "+t.String()+" ADD CONSTRAINT "+ident(name)+" "+k.Def,
			"The partitioned table's own index has no rows; it is valid when all partitions have theirs.")},
			d.buildParts(t, i, name, built, func(p *table, child string) []cmd {
				return []cmd{
					sql(createIndex(p, i, child), "Reads the whole partition and blocks nobody; fails if two rows have the same key."),
					sql("ALTER TABLE " + p.String() + " ADD CONSTRAINT " + ident(child) + usingIndex(k, child)),
				}
			})...)
	}
	o.up = add(t, k.index, k.Name)
	return []Op{o}
}

// addPartitionedForeignKey adds a foreign key to each partition and validates it there.
// The partitioned table takes those over; it cannot have one that is not valid.
func (d *differ) addPartitionedForeignKey(t *table, k *constraint) Op {
	o := Op{stage: stageKeys, down: []cmd{dropConstraint(t, k.Name)}}
	if d.late(k) {
		o.stage = stageLateKeys
	}
	leaves := t.leaves()
	if len(leaves) == 0 {
		o.hazards = blocksWrites(t, "the migrations know of no partition; where a database has some, their rows are checked at once",
			fix.Words("There, add the key to each partition first, NOT VALID, and validate it: PostgreSQL takes it over."))
	}
	for _, p := range leaves {
		o.up = append(o.up, sql(addNotValid(p, k.Name, k.Def).String()))
	}
	for _, p := range leaves {
		o.up = append(o.up, sql("ALTER TABLE "+p.String()+" VALIDATE CONSTRAINT "+ident(k.Name),
			"Reads the whole partition and blocks nobody; fails if a row is against "+ident(k.Name)+"."))
	}
	add := sql("ALTER TABLE " + t.String() + " ADD CONSTRAINT " + ident(k.Name) + " " + k.Def)
	if len(leaves) > 0 {
		add.note = []string{"Takes over the keys of the partitions, which are valid: nothing is read."}
	}
	o.up = append(o.up, add)
	return o
}

// leaves are the partitions that have rows.
func (t *table) leaves() []*table {
	var out []*table
	for _, p := range t.partitions {
		if p.Partitioned {
			out = append(out, p.leaves()...)
		} else {
			out = append(out, p)
		}
	}
	return out
}
