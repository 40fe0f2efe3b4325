//go:build unix

package devdb

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

func fact(n int) Fact { return sha256.Sum256(fmt.Append(nil, n)) }

func facts(from, to int) (all []Fact) {
	for n := from; n < to; n++ {
		all = append(all, fact(n))
	}
	return all
}

// known returns which of n facts a new server knows.
func known(t *testing.T, n int) (list []int) {
	t.Helper()
	s := startWith(t)
	defer s.Close()
	for i, f := range facts(0, n) {
		if s.Facts()[f] {
			list = append(list, i)
		}
	}
	return list
}

func TestFacts(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	s := startWith(t)
	if len(s.Facts()) > 0 {
		t.Errorf("known from the start: %v", s.Facts())
	}
	s.Remember(nil)
	s.Remember(facts(0, 3))
	s.Remember(facts(2, 4))
	if got := known(t, 5); !slices.Equal(got, []int{0, 1, 2, 3}) {
		t.Errorf("known: %d", got)
	}

	// A damaged file counts as missing and is written again.
	content, err := os.ReadFile(s.factsFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string][]byte{
		"empty":   {},
		"short":   content[:len(content)-40],
		"changed": append([]byte{content[0] + 1}, content[1:]...),
		"longer":  append(slices.Clone(content), 0),
	} {
		if err := os.WriteFile(s.factsFile, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := s.Facts(); len(got) > 0 {
			t.Errorf("%s: known: %v", name, got)
		}
		s.Remember(facts(4, 5))
		if got := s.Facts(); len(got) != 1 || !got[fact(4)] {
			t.Errorf("%s: known afterwards: %v", name, got)
		}
	}

	// Another server's facts aren't used.
	if err := os.Rename(s.factsFile, s.factsFile+"x"); err != nil {
		t.Fatal(err)
	}
	if got := known(t, 5); got != nil {
		t.Errorf("known: %d", got)
	}
	if s.log.String() != "" {
		t.Errorf("log: %s", s.log)
	}
}

func TestFactsAreBounded(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	s := startWith(t)
	s.Remember(facts(0, maxFacts))
	s.Remember([]Fact{fact(1), fact(maxFacts)})
	got := s.Facts()
	if len(got) != maxFacts || !got[fact(0)] || !got[fact(1)] || !got[fact(maxFacts)] || got[fact(maxFacts-1)] {
		t.Errorf("%d facts", len(got))
	}
}

func TestFactsOfManyAtOnce(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	s := startWith(t)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 20 {
				s.Remember(facts(n*10, n*10+10))
				if !s.Facts()[fact(n*10)] && len(s.Facts()) == 0 {
					t.Error("the file is incomplete")
				}
			}
		})
	}
	wg.Wait()
	// One server's facts may get lost, but not the last one's.
	if got := s.Facts(); len(got) < 10 {
		t.Errorf("%d facts", len(got))
	}
}

func TestFactsWhereNothingCanBeWritten(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	s := startWith(t)
	s.factsFile += "/below"
	s.Remember(facts(0, 1))
	if len(s.Facts()) > 0 || s.log.String() == "" {
		t.Errorf("known: %v, log: %s", s.Facts(), s.log)
	}
}
