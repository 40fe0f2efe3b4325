// Package peers pins the commands of goose and golang-migrate, which package
// bench builds and measures.
package peers
