package capture

import "github.com/ibutsu/ibutsu-schema/internal/pgsql"

// A Statement is one that the server ran without an error, except for those that begin, end or subdivide transactions.
type Statement struct {
	SQL    string // the parameters are $1, $2, ...
	Tx     int    // the number of its transaction, 0 if it ran outside of one
	Undone bool   // it was rolled back, by itself or with its transaction

	args   []argument
	copied *copied
}

// A session follows the transactions of a connection.
type session struct {
	number func() int // returns the number of a new transaction
	in     bool       // in a transaction block
	failed bool       // a statement of the current group failed
	tx     int        // the number of the block, or of the group

	// frames are the statements since the transaction began and since each of its savepoints. Without a block, the
	// statements that the client sends together, up to a ReadyForQuery, are a transaction, too.
	frames []frame
}

type frame struct {
	savepoint string
	stmts     []*Statement
}

// done takes a statement that ended with a command tag, and reports whether it is one to record.
func (s *session) done(st *Statement, tag string) bool {
	if len(s.frames) == 0 {
		s.begin()
	}
	switch tag {
	case "BEGIN", "START TRANSACTION":
		s.in = true // what ran before it in the same group belongs to the block
	case "SAVEPOINT":
		s.frames = append(s.frames, frame{savepoint: savepoint(st.SQL)})
	case "RELEASE":
		if i := s.find(savepoint(st.SQL)); i > 0 {
			for _, f := range s.frames[i:] {
				s.frames[i-1].stmts = append(s.frames[i-1].stmts, f.stmts...)
			}
			s.frames = s.frames[:i]
		}
	case "ROLLBACK":
		if i := s.find(savepoint(st.SQL)); i > 0 {
			s.undo(i)
			s.frames = append(s.frames[:i], frame{savepoint: s.frames[i].savepoint})
			return false
		}
		s.undo(0)
		s.end(st.SQL)
	case "COMMIT", "PREPARE TRANSACTION":
		s.end(st.SQL)
	default:
		st.Tx = s.tx
		last := &s.frames[len(s.frames)-1]
		last.stmts = append(last.stmts, st)
		return true
	}
	return false
}

func (s *session) begin() {
	s.tx = s.number()
	s.frames = append(s.frames[:0], frame{})
}

// end ends the block by a COMMIT or ROLLBACK, which may begin the next one.
func (s *session) end(sql string) {
	w := pgsql.Words(pgsql.Tokens(sql))
	s.in = w.Anywhere("AND", "CHAIN")
	s.begin()
}

// undo marks the statements of the frames from i on.
func (s *session) undo(i int) {
	for _, f := range s.frames[i:] {
		for _, st := range f.stmts {
			st.Undone = true
		}
	}
}

// find returns the index of the savepoint's frame, -1 if there is none.
func (s *session) find(savepoint string) int {
	for i := len(s.frames) - 1; i > 0 && savepoint != ""; i-- {
		if s.frames[i].savepoint == savepoint {
			return i
		}
	}
	return -1
}

// error takes note of a failed statement.
func (s *session) error() { s.failed = true }

// ready ends a group of statements, after which the connection is in a block or not.
func (s *session) ready(block bool) {
	if !block {
		switch {
		case s.failed:
			s.undo(0)
		case !s.in && len(s.frames) == 1 && len(s.frames[0].stmts) == 1:
			s.frames[0].stmts[0].Tx = 0
		}
		s.frames = s.frames[:0]
	}
	s.in, s.failed = block, false
}

// close rolls back what wasn't committed.
func (s *session) close() { s.undo(0) }

// savepoint returns the name in SAVEPOINT name, RELEASE [SAVEPOINT] name and ROLLBACK [WORK | TRANSACTION] TO
// [SAVEPOINT] name, or "".
func savepoint(sql string) string {
	w := pgsql.Words(pgsql.Tokens(sql))
	i := 1
	if w.At(0) == "ROLLBACK" || w.At(0) == "ABORT" {
		if w.At(i) == "WORK" || w.At(i) == "TRANSACTION" {
			i++
		}
		if w.At(i) != "TO" {
			return ""
		}
		i++
	}
	if w.At(0) != "SAVEPOINT" && w.At(i) == "SAVEPOINT" && i+1 < len(w) && w.At(i+1) != ";" {
		i++
	}
	name, _, _ := w.Ident(i)
	return name
}
