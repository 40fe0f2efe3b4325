package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// An argument is the value of a parameter as the client sent it.
type argument struct {
	oid    uint32 // 0 if the server chooses the type
	format int16
	value  []byte // nil for NULL
}

// arguments returns the values that a Bind gives to the parameters.
func (p *prepared) arguments(m *pgproto3.Bind) []argument {
	args := make([]argument, len(m.Parameters))
	for i, value := range m.Parameters {
		a := &args[i]
		if value != nil {
			a.value = append([]byte{}, value...)
		}
		switch n := len(m.ParameterFormatCodes); {
		case n == 1:
			a.format = m.ParameterFormatCodes[0]
		case i < n:
			a.format = m.ParameterFormatCodes[i]
		}
		if i < len(p.oids) {
			a.oid = p.oids[i]
		}
		if a.oid == 0 && a.format != pgx.TextFormatCode && i < len(p.described) {
			a.oid = p.described[i]
		}
	}
	return args
}

// copied are the rows that a client has sent for a COPY FROM STDIN.
type copied struct {
	binary  bool
	columns int
	data    []byte
}

// rowsPerInsert is how many rows an INSERT has that replaces a COPY.
const rowsPerInsert = 100

// Script returns the statement as statements of a script: with literals for its parameters, and INSERTs for the rows
// that it copied. conn is a connection to the database; nothing is changed there.
func (s *Statement) Script(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	if s.copied != nil {
		list, err := s.inserts(ctx, conn)
		if err != nil {
			return nil, fmt.Errorf("writing the rows of %s as INSERTs: %w", pgsql.OneLine(s.SQL, 100), err)
		}
		return list, nil
	}
	text, err := s.withLiterals(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("writing the parameters of %s as literals: %w", pgsql.OneLine(s.SQL, 100), err)
	}
	return []string{text}, nil
}

// withLiterals returns the text with literals for the parameters.
func (s *Statement) withLiterals(ctx context.Context, conn *pgx.Conn) (string, error) {
	if len(s.args) == 0 {
		return s.SQL, nil
	}
	var b strings.Builder
	at := 0
	tokens := pgsql.Tokens(s.SQL)
	for i, t := range tokens {
		if t.Kind != pgsql.Param {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(t.Text, "$%d", &n); err != nil || n < 1 || n > len(s.args) {
			return "", fmt.Errorf("there is no parameter %s", t.Text)
		}
		text, err := s.args[n-1].literal(ctx, conn)
		if err != nil {
			return "", err
		}
		if i+1 < len(tokens) && (tokens[i+1].Text == "[" || tokens[i+1].Text == ".") {
			text = "(" + text + ")"
		}
		b.WriteString(s.SQL[at:t.Pos.Offset] + text)
		at = t.Pos.Offset + len(t.Text)
	}
	return b.String() + s.SQL[at:], nil
}

// literal returns the value in SQL, with its type if the client gave one.
func (a argument) literal(ctx context.Context, conn *pgx.Conn) (string, error) {
	text := "NULL"
	if a.value != nil && a.format == pgx.TextFormatCode {
		text = pgsql.Literal(string(a.value))
	}
	if a.oid == 0 {
		if a.value != nil && a.format != pgx.TextFormatCode {
			return "", errors.New("a binary value has no type")
		}
		return text, nil
	}
	// The server knows every type, and what its binary values mean.
	var typ string
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.format_type($1, NULL)", a.oid).Scan(&typ); err != nil {
		return "", err
	}
	if a.value != nil && a.format != pgx.TextFormatCode {
		result := conn.PgConn().ExecParams(ctx, "SELECT $1", [][]byte{a.value}, []uint32{a.oid}, []int16{a.format}, nil).Read()
		if result.Err != nil {
			return "", result.Err
		}
		text = pgsql.Literal(string(result.Rows[0][0]))
	}
	return text + "::" + typ, nil
}

// inserts returns INSERTs for the rows of a COPY. The server reads its format, with all its options: it copies the rows
// into a temporary table of texts, or for the binary format of the same types.
func (s *Statement) inserts(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	w := pgsql.Words(pgsql.Tokens(s.SQL))
	table, next, ok := w.Name(1)
	from := w.Find(next, "FROM")
	if !ok || from < 0 {
		return nil, errors.New("it isn't COPY table FROM STDIN")
	}
	columns, err := s.columns(ctx, conn, table, w[next:from])
	if err != nil {
		return nil, err
	}
	create := "CREATE TEMP TABLE rows (" + strings.Join(columns, " text, ") + " text)"
	if s.copied.binary {
		create = "CREATE TEMP TABLE rows AS SELECT " + strings.Join(columns, ", ") + " FROM " + table.String() + " WITH NO DATA"
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // drops the table
	if _, err := tx.Exec(ctx, create); err != nil {
		return nil, err
	}
	list := " (" + strings.Join(columns, ", ") + ")"
	if _, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(s.copied.data), "COPY pg_temp.rows"+list+" "+w[from:].In(s.SQL)); err != nil {
		return nil, err
	}
	results, err := conn.PgConn().Exec(ctx, "SELECT * FROM pg_temp.rows").ReadAll() // as text
	if err != nil {
		return nil, err
	}
	var inserts []string
	for rows := range slices.Chunk(results[0].Rows, rowsPerInsert) {
		var b strings.Builder
		b.WriteString("INSERT INTO " + table.String() + list + " VALUES")
		for i, row := range rows {
			if i > 0 {
				b.WriteString(",")
			}
			values := make([]string, len(row))
			for j, value := range row {
				if values[j] = "NULL"; value != nil {
					values[j] = pgsql.Literal(string(value))
				}
			}
			b.WriteString("\n    (" + strings.Join(values, ", ") + ")")
		}
		inserts = append(inserts, b.String())
	}
	return inserts, nil
}

// columns returns the columns that a COPY fills: those that it lists, or else all that aren't generated.
func (s *Statement) columns(ctx context.Context, conn *pgx.Conn, table pgsql.Name, list pgsql.Words) (columns []string, err error) {
	for i := range list {
		if name, _, ok := list.Ident(i); ok {
			columns = append(columns, pgsql.Ident(name))
		}
	}
	if len(columns) == 0 {
		rows, err := conn.Query(ctx, "SELECT pg_catalog.quote_ident(attname) FROM pg_catalog.pg_attribute "+
			"WHERE attrelid = pg_catalog.to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum", table.String())
		if err != nil {
			return nil, err
		}
		if columns, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return nil, err
		}
	}
	if len(columns) != s.copied.columns {
		return nil, fmt.Errorf("table %s isn't there any more, or has other columns", table)
	}
	return columns, nil
}
