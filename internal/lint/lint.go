// Package lint finds what is dangerous in the migrations of a change.
package lint
