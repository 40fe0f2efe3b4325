package devdb

import (
	"crypto/sha256"
	"slices"
)

// A Fact is something that a caller found out by this server and need not find out
// again, as a hash of all that it depends on but the server: what was run, by which
// program, and what came of it.
type Fact [sha256.Size]byte

// maxFacts is how many facts are remembered, for all callers together: 256 KiB.
const maxFacts = 8192

// Facts returns what Remember was told by callers with a server of the very same
// version, binaries and settings. A file of facts that is damaged holds none, and on a
// dev URL's server nothing is remembered.
func (s *Server) Facts() map[Fact]bool {
	known := map[Fact]bool{}
	for _, f := range s.readFacts() {
		known[f] = true
	}
	return known
}

// Remember keeps facts for later commands. Beyond a bound those go that were told the
// longest time ago. Where two commands remember at once, what one of them tells may get
// lost. To remember is to save time only: what goes wrong with it is said on Config.Log.
func (s *Server) Remember(facts []Fact) {
	if s.factsFile == "" || len(facts) == 0 {
		return
	}
	all, seen := facts[:len(facts):len(facts)], map[Fact]bool{}
	for _, f := range facts {
		seen[f] = true
	}
	for _, f := range s.readFacts() {
		if !seen[f] {
			all = append(all, f)
		}
	}
	var content []byte
	for _, f := range all[:min(len(all), maxFacts)] {
		content = append(content, f[:]...)
	}
	if err := writeArchive(s.factsFile, content); err != nil {
		s.log.printf("what was proven of the migrations can't be kept for the next command: %v", err)
	}
}

// readFacts returns the remembered facts, the newest first.
func (s *Server) readFacts() []Fact {
	if s.factsFile == "" {
		return nil
	}
	content, err := readArchive(s.factsFile)
	if err != nil {
		return nil
	}
	var facts []Fact
	for c := range slices.Chunk(content, len(Fact{})) {
		if len(c) == len(Fact{}) {
			facts = append(facts, Fact(c))
		}
	}
	return facts
}
