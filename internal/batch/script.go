package batch

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Script says how a script keeps the note of a walk. Its fields are statements of PL/pgSQL.
type Script struct {
	Size  int
	Begin string // at the beginning of each transaction
	Note  string // an expression of the note as text
	Run   string // before the statement runs
	Write string // afterwards: sets the note from the variable note_was to the variable note_text
}

// DefaultSize is the size of a script's batches if the directive names none.
const DefaultSize = 5000

// First returns the note with which a walk begins.
func (w *Walk) First(ctx context.Context, q Querier) (Note, error) {
	n := w.first()
	return n, w.nextLeaf(ctx, q, &n)
}

// Script returns a DO statement that runs the batches from the note on, one in each transaction, and keeps the note as
// apply does. It can be run by psql, outside a transaction.
func (w *Walk) Script(s Script) string {
	place, mark := "", "" // of the partition in SQL
	if w.leaves {
		for n := 0; mark == "" || strings.Contains(w.Stmt.Text, mark); n++ {
			mark = fmt.Sprintf("batch_partition_%d", n)
		}
		place = mark
	}
	from := w.from(Note{})
	if w.leaves {
		from = mark
	}
	sql := func(text string) string {
		if w.leaves {
			return "pg_catalog.replace(" + pgsql.Literal(text) + ", '" + mark + "', pg_catalog.format('%I.%I', leaf[1], leaf[2]))"
		}
		return pgsql.Literal(text)
	}
	keys := func(param string) string {
		var list []string
		for i, c := range w.key {
			list = append(list, fmt.Sprintf("%s[%d]::%s", param, i+1, c.typ))
		}
		return strings.Join(list, ", ")
	}
	row := func(text string, columns ...string) string {
		return "SELECT ARRAY[" + strings.Join(columns, ", ") + "] FROM (" + text + ") AS batch"
	}
	var columns []string
	for i := range w.key {
		columns = append(columns, fmt.Sprintf(`"batch key %d"`, i+1))
	}
	rest := "NULL"
	if w.isNull("") != "" {
		rest = "phase := 'nulls'; ahead := false"
	}
	const changed = "GET DIAGNOSTICS changed = ROW_COUNT;"
	var walking string
	if len(w.key) == 0 {
		walking = fmt.Sprintf(`        IF phase = '' THEN
            EXECUTE %s INTO STRICT bound;
            upto := ARRAY[bound]; last := ARRAY['0']; phase := 'walk';
        END IF;
        first := last[1]::pg_catalog.int8; stop := upto[1]::pg_catalog.int8;
        IF first >= stop THEN
            ahead := true;
        ELSE
            stop := LEAST(stop, first + GREATEST(1, %s));
            EXECUTE %s INTO ids, bound USING first, stop - 1;
            IF ids IS NOT NULL THEN
                EXECUTE %s USING ids;
                %s
            END IF;
            walked := walked + COALESCE(bound::pg_catalog.int8, 0); last := ARRAY[stop::pg_catalog.text];
        END IF;
`, pgsql.Literal(w.blockCountSQL()), w.blocksOf(s.Size), sql(w.rowsSQL(from, "$1", "$2")), sql(w.SQL(w.amongRows("$1"), "")), changed)
	} else {
		n := len(w.key) + 1
		either := func(text func(after string) string) string {
			return "CASE WHEN last IS NULL THEN " + sql(text("")) + " ELSE " + sql(text(keys("$1"))) + " END"
		}
		walking = fmt.Sprintf(`        IF phase = '' THEN
            EXECUTE %[1]s INTO upto;
            last := NULL; phase := 'walk'; ahead := upto IS NULL;
            IF ahead THEN %[8]s; END IF;
        ELSIF phase = 'walk' THEN
            EXECUTE %[2]s INTO found_key USING last, upto;
            IF found_key IS NOT NULL THEN
                found_rows := found_key[%[3]d]::pg_catalog.int8;
                found_key := CASE WHEN found_rows < %[4]d THEN upto ELSE found_key[1:%[5]d] END;
                EXECUTE %[6]s USING last, found_key;
                %[7]s
                walked := walked + found_rows; last := found_key;
            END IF;
            IF found_key IS NULL OR found_rows < %[4]d THEN
                last := NULL; upto := NULL; ahead := true; %[8]s;
            END IF;
        ELSE
            EXECUTE %[9]s;
            %[7]s
            ahead := true;
        END IF;
`, sql(row(w.boundSQL(from), columns...)),
			either(func(after string) string {
				return row(w.lastSQL(from, w.between("", after, keys("$2")), s.Size), append(columns, `"batch rows"`)...)
			}),
			n, s.Size, n-1,
			either(func(after string) string { return w.SQL(w.between(w.Row, after, keys("$2")), place) }),
			changed, rest, sql(w.SQL(cmp.Or(w.isNull(w.Row), "false"), place)))
	}
	next := "        phase := 'ended';\n"
	if w.leaves {
		next = fmt.Sprintf(`        EXECUTE %s INTO bound, leaf_name USING %d::pg_catalog.oid, COALESCE(leaf[1], ''), COALESCE(leaf[2], '');
        IF bound IS NULL THEN phase := 'ended'; leaf := NULL; ELSE phase := ''; leaf := ARRAY[bound, leaf_name]; END IF;
`, pgsql.Literal(strings.TrimSpace(leafSQL)), w.OID)
	}
	list := func(name string) string {
		return fmt.Sprintf("CASE WHEN pg_catalog.jsonb_typeof(note -> '%s') = 'array' THEN ARRAY(SELECT pg_catalog.jsonb_array_elements_text(note -> '%[1]s')) END", name)
	}
	number := func(name string) string { return fmt.Sprintf("COALESCE((note ->> '%s')::pg_catalog.int8, 0)", name) }
	body := fmt.Sprintf(`DECLARE
    note_was text; note_text text; note jsonb;
    pass int8; phase text; leaf text[]; last text[]; upto text[]; walked int8; in_pass int8; before int8; stuck int8;
    found_key text[]; found_rows int8; changed int8; ahead bool; bound text; ids text; leaf_name text; first int8; stop int8;
BEGIN
    LOOP
        %[1]s
        note_was := %[2]s;
        IF note_text IS NOT NULL AND note_was IS DISTINCT FROM note_text OR note_was IS NULL THEN
            RAISE EXCEPTION 'the note of the batches has changed in the journal';
        END IF;
        note := pg_catalog.substr(note_was, %[3]d)::jsonb;
        pass := note ->> 'pass'; phase := COALESCE(note ->> 'phase', ''); leaf := %[4]s; last := %[5]s; upto := %[6]s;
        walked := %[7]s; in_pass := %[8]s; before := %[9]s; stuck := %[10]s;
        changed := 0; ahead := false; ids := NULL; bound := NULL;
        %[11]s
        IF phase = 'ended' THEN
            EXIT WHEN in_pass = 0 OR NOT %[12]t;
            stuck := CASE WHEN pass = 1 OR in_pass < before THEN 0 ELSE stuck + 1 END;
            IF stuck >= %[13]d OR stuck > 0 AND pass = 2 AND before >= %[14]d THEN
                RAISE EXCEPTION 'pass %% changed %% rows, no fewer than the pass before', pass, in_pass;
            END IF;
            pass := pass + 1; before := in_pass; in_pass := 0; walked := 0; leaf := NULL; ahead := true; phase := '';
        ELSE
%[15]s        END IF;
        in_pass := in_pass + changed;
        IF ahead AND (note ->> 'phase') IS DISTINCT FROM 'ended' THEN
            last := NULL; upto := NULL;
    %[16]s        ELSIF ahead THEN
%[17]s        END IF;
        note := note || pg_catalog.jsonb_build_object('pass', pass, 'phase', phase, 'leaf', leaf, 'after', last, 'to', upto,
            'walked', walked, 'changed', %[18]s + changed, 'in_pass', in_pass, 'before', before, 'stuck', stuck);
        note_text := '%[19]s' || note::text;
        %[20]s
        COMMIT;
%[21]s    END LOOP;
END
`, s.Begin, s.Note, len(prefix)+1, list("leaf"), list("after"), list("to"), number("walked"), number("in_pass"), number("before"), number("stuck"),
		s.Run, w.Repeats(), maxStuck, manyRows, walking, strings.ReplaceAll(next, "\n        ", "\n            "), again(w.leaves, next), number("changed"), prefix, s.Write, pause(w))
	tag := "$batch$"
	for n := 1; strings.Contains(body, tag); n++ {
		tag = "$batch" + strconv.Itoa(n) + "$"
	}
	return "DO " + tag + "\n" + body + tag
}

// again begins the next pass.
func again(leaves bool, next string) string {
	if leaves {
		return next
	}
	return "            phase := '';\n"
}

func pause(w *Walk) string {
	if w.Pause == 0 {
		return ""
	}
	return fmt.Sprintf("        PERFORM pg_catalog.pg_sleep(%g);\n", w.Pause.Seconds())
}

// blocksOf returns an expression of how many blocks of a table with stop blocks have about size rows.
func (w *Walk) blocksOf(size int) string {
	if w.Rows <= 0 {
		return strconv.Itoa(size / rowsPerBlock)
	}
	return fmt.Sprintf("pg_catalog.floor(%d / GREATEST(1, %.0f::pg_catalog.float8 / stop))::pg_catalog.int8", size, w.Rows)
}
