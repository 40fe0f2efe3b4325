package online

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// childIndex returns the partition's part of a partitioned index, or nil.
func (t *table) childIndex(i *index) *index {
	return find(t.indexes, func(c *index) bool { return c.Parent == i.OID && i.OID != 0 })
}

// partUsers returns the foreign keys that refer to a part of a partitioned index.
func (t *table) partUsers(i *index) []string {
	var users []string
	for _, p := range t.partitions {
		if c := p.childIndex(i); c != nil {
			users = slices.Concat(users, c.Users, p.partUsers(c))
		}
	}
	return users
}

func refusePartUsers(t *table, what string, users []string) Op {
	return refuse(t, fmt.Sprintf("%s is dropped or changed, but foreign keys that the schema file doesn't manage reference a partition of the table (%s)\n"+
		"first drop them in a migration of your own (new)", what, strings.Join(users, ", ")))[0]
}

// childName returns the name of the index on a partition: its existing one if known is set, or a new one.
func (d *differ) childName(p *table, i *index, known bool) string {
	if known {
		if c := p.childIndex(i); c != nil {
			return c.Name
		}
	}
	return d.names.index(p, p.Name+"_"+i.Name, "")
}

// buildPartitioned builds an index of a partitioned table partition by partition. It is invalid until every
// partition's index is attached. If built is set, i is an index of the replayed state, whose parts keep their names.
func (d *differ) buildPartitioned(t *table, i *index, name string, built bool) []cmd {
	cmds := []cmd{sql(i.create(ident(name), "ONLY "+t.String()),
		"The partitioned table's index is invalid until those of all partitions are attached.")}
	return append(cmds, d.buildParts(t, i, name, built, func(p *table, child string) []cmd {
		return []cmd{sql(createIndex(p, i, child))}
	})...)
}

// complete fails if the database has partitions that the migrations don't create, which therefore lack their part of a
// new index. Otherwise they would lose the old index without getting the new one.
func complete(t *table, name string) cmd {
	index := pgsql.QualifiedIdent(t.Schema, name)
	body := fmt.Sprintf(`DECLARE
  lacking text := (SELECT string_agg(p.relid::text, ', ' ORDER BY p.relid::text)
    FROM pg_catalog.pg_partition_tree(%[1]s) p JOIN pg_catalog.pg_class c ON c.oid = p.relid
    WHERE c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree(%[2]s) t
      JOIN pg_catalog.pg_index i ON i.indexrelid = t.relid WHERE i.indrelid = p.relid AND i.indisvalid));
BEGIN
  IF lacking <> '' THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = format(%[3]s, lacking),
      HINT = %[4]s;
  END IF;
END`, literal(t.String()), literal(index),
		literal("partitions that the migrations don't create lack their part of "+strings.ReplaceAll(index, "%", "%%")+": %s"),
		literal("build it on each with CREATE INDEX CONCURRENTLY, attach it to the index of the partition's parent, then run this again"))
	return sql("DO "+pgsql.DollarQuote(body), "Fails if the database has partitions that the migrations don't create.", "repeatable it only reads")
}

// buildParts builds the parts of an index and attaches them. leaf builds the index of one partition.
func (d *differ) buildParts(t *table, i *index, name string, built bool, leaf func(p *table, child string) []cmd) []cmd {
	var cmds []cmd
	for _, p := range t.partitions {
		if built && !i.Valid && p.childIndex(i) == nil {
			continue // the index is INVALID because it lacks this part
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

// noPartitions returns the hazard of blocking in a database with partitions that no migration creates.
func noPartitions(t *table, instead fix.Text) []hazard.Hazard {
	return blocksWrites(t, "the migrations create no partitions; in a database that has some, this builds their indexes", instead)
}

func (d *differ) addPartitionedIndex(t *table, i *index) []Op {
	o := Op{stage: stageBuild, down: []cmd{dropPartitioned(t, i.Name)}, hazards: duplicated(t, i)}
	if len(t.partitions) == 0 {
		o.up = []cmd{sql(i.create(ident(i.Name), t.String()))}
		o.hazards = append(o.hazards, noPartitions(t, fix.IndexOnPartitions())...)
	} else {
		o.up = d.buildPartitioned(t, i, i.Name, d.built(t, i))
	}
	o.up = append(o.up, finish(t, i)...)
	return []Op{o}
}

// built reports whether i is an index of the replayed state.
func (d *differ) built(t *table, i *index) bool {
	h := d.have.byOID[t.OID]
	return h != nil && find(h.indexes, func(x *index) bool { return x == i }) != nil
}

func dropPartitioned(t *table, name string) cmd {
	return sql("DROP INDEX "+pgsql.QualifiedIdent(t.Schema, name),
		"An index of a partitioned table cannot be dropped concurrently: this briefly locks all partitions.")
}

// addPartitionedKey adds a unique constraint or a primary key partition by partition.
func (d *differ) addPartitionedKey(t *table, k *constraint) []Op {
	o := Op{stage: stageBuild, down: []cmd{sql(dropConstraint(t, k.Name).String())}, hazards: duplicated(t, k.index)}
	if len(t.partitions) == 0 {
		o.up = []cmd{sql("ALTER TABLE " + t.String() + " ADD CONSTRAINT " + ident(k.Name) + " " + k.Def)}
		o.hazards = append(o.hazards, noPartitions(t, fix.KeyOnPartitions())...)
		return []Op{o}
	}
	var add func(t *table, i *index, name string) []cmd
	built := d.built(t, k.index)
	add = func(t *table, i *index, name string) []cmd {
		return append([]cmd{sql("ALTER TABLE ONLY "+t.String()+" ADD CONSTRAINT "+ident(name)+" "+k.Def,
			"The partitioned table's index is invalid until those of all partitions are attached.")},
			d.buildParts(t, i, name, built, func(p *table, child string) []cmd {
				return []cmd{
					sql(createIndex(p, i, child), "Scans the partition without blocking reads or writes; fails if two rows have the same key."),
					sql("ALTER TABLE " + p.String() + " ADD CONSTRAINT " + ident(child) + usingIndex(k, child)),
				}
			})...)
	}
	o.up, o.hazards = add(t, k.index, k.Name), append(o.hazards, early(t, k)...)
	return []Op{o}
}

// addPartitionedForeignKey adds a foreign key to each partition and validates it there. The partitioned table, whose
// keys cannot be NOT VALID, then attaches them.
func (d *differ) addPartitionedForeignKey(t *table, k *constraint) Op {
	o := Op{stage: stageKeys, down: []cmd{dropConstraint(t, k.Name)}}
	if d.late(k) {
		o.stage = stageLateKeys
	}
	if !k.Valid {
		o.up = []cmd{addAgain(t, k)}
		return o
	}
	o.hazards = violated(t, k)
	leaves := t.leaves()
	if len(leaves) == 0 {
		o.hazards = append(o.hazards, blocksWrites(t, "the migrations create no partitions; in a database that has some, this checks their rows",
			fix.ForeignKeyOnPartitions())...)
	}
	present := func(p *table) *constraint { // left by an interrupted repair
		return find(p.constraints, func(x *constraint) bool { return d.live && x.Name == k.Name && x.Kind == k.Kind && x.Def == k.Def })
	}
	for _, p := range leaves {
		if present(p) == nil {
			o.up = append(o.up, sql(addNotValid(p, k.Name, k.Def).String()))
		}
	}
	for _, p := range leaves {
		if x := present(p); x != nil && x.Valid {
			continue
		}
		o.up = append(o.up, sql("ALTER TABLE "+p.String()+" VALIDATE CONSTRAINT "+ident(k.Name),
			"Scans the partition without blocking reads or writes; fails if a row violates "+ident(k.Name)+"."))
	}
	add := sql("ALTER TABLE " + t.String() + " ADD CONSTRAINT " + ident(k.Name) + " " + k.Def)
	if len(leaves) > 0 {
		add.note = []string{"Attaches the valid keys of the partitions, without a scan."}
	}
	o.up = append(o.up, add)
	return o
}

// leaves returns the partitions that hold rows.
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
