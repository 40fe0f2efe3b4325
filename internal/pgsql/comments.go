package pgsql

// Comments returns the comments in src, including those inside statements. An unterminated comment extends to the end.
func Comments(src string) []Comment {
	var comments []Comment
	l, c := newLexer(src), newCursor(src)
	for {
		switch x := l.next(); x.kind {
		case 0:
			return comments
		case comment:
			comments = append(comments, Comment{src[x.start:x.end], c.at(x.start)})
		}
	}
}
