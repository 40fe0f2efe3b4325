// Package hclsize limits the memory and the stack that parsing and evaluating an HCL file can take. It checks the file
// before a parser or an evaluator sees it, because both recurse without a limit, and a few lines can describe
// gigabytes. It knows HCL's syntax and functions, but not what the file is for.
package hclsize

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The limits. No file that a person writes comes near them.
const (
	// MaxDepth is the maximum nesting depth of brackets, blocks and templates.
	MaxDepth = 100
	// MaxOperators is the maximum number of operators, indexes and attributes in an expression, without those in
	// brackets.
	MaxOperators = 1_000
	// MaxValue is the maximum size of an expression's value, in bytes and elements.
	MaxValue = 1 << 20
	// All values together may have MaxPerByte bytes for each byte of the file, plus MaxBase.
	MaxPerByte, MaxBase = 4, 16 << 20
)

// An Error says what exceeds a limit, and where.
type Error struct {
	File      string
	Line, Col int
	Msg       string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg) }

func errorAt(file string, pos hcl.Pos, format string, args ...any) *Error {
	return &Error{File: file, Line: pos.Line, Col: pos.Column, Msg: fmt.Sprintf(format, args...)}
}

// Source checks how deep a file nests. It takes time and memory in proportion to the file's size. The error is an
// *Error. Source doesn't check whether the file is valid.
func Source(file string, src []byte) error {
	tokens, _ := hclsyntax.LexConfig(src, file, hcl.InitialPos)
	operators := []int{0} // number of operators in each open expression, the outermost first
	brace := []bool{true} // whether a newline ends an expression in it
	for i, t := range tokens {
		last := len(operators) - 1
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc,
			hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			if t.Type == hclsyntax.TokenOBrack {
				operators[last]++ // it may be an index
			}
			operators, brace = append(operators, 0), append(brace, t.Type == hclsyntax.TokenOBrace && !isFor(tokens[i+1:]))
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc,
			hclsyntax.TokenTemplateSeqEnd:
			if last > 0 {
				operators, brace = operators[:last], brace[:last]
			}
		case hclsyntax.TokenComma:
			operators[last] = 0
		case hclsyntax.TokenNewline, hclsyntax.TokenComment: // a comment's newline is part of it
			if brace[last] && bytes.HasSuffix(t.Bytes, []byte("\n")) {
				operators[last] = 0
			}
		case hclsyntax.TokenIdent, hclsyntax.TokenNumberLit, hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit,
			hclsyntax.TokenEqual, hclsyntax.TokenEOF:
		default:
			operators[last]++
		}
		switch last = len(operators) - 1; {
		case last > MaxDepth:
			return errorAt(file, t.Range.Start, "brackets, blocks and templates are nested more than %d deep", MaxDepth)
		case operators[last] > MaxOperators:
			return errorAt(file, t.Range.Start, "an expression has more than %d operators", MaxOperators)
		}
	}
	return nil
}

// isFor reports whether the tokens after a brace are those of a for expression, in which newlines mean nothing.
func isFor(tokens hclsyntax.Tokens) bool {
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenNewline && t.Type != hclsyntax.TokenComment {
			return t.Type == hclsyntax.TokenIdent && string(t.Bytes) == "for"
		}
	}
	return false
}
