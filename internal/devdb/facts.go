package devdb

import (
	"crypto/sha256"
	"slices"
)

// A Fact is a result that a caller obtained with this server and need not compute again. It is a hash of everything
// that the result depends on except the server: what was run, by which program, and the outcome.
type Fact [sha256.Size]byte

// maxFacts is the number of facts that are stored for all callers together: 256 KiB.
const maxFacts = 8192

// Facts returns the facts that Remember stored on servers of the same version, binaries and settings. It returns none
// if their file is damaged, or on a dev URL's server.
func (s *Server) Facts() map[Fact]bool {
	known := map[Fact]bool{}
	for _, f := range s.readFacts() {
		known[f] = true
	}
	return known
}

// Remember stores facts for later commands. Beyond maxFacts, it drops the oldest. If two commands store facts at the
// same time, those of one may get lost. Because facts only save time, Remember reports errors to Config.Log.
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
		s.log.printf("can't cache what was proven about the migrations: %v", err)
	}
}

// readFacts returns the stored facts, the newest first.
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
