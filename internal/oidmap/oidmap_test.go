package oidmap

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMap compares versions with maps of Go, and their changes with those of these maps.
func TestMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	key := func() uint32 {
		switch random.IntN(4) {
		case 0:
			return random.Uint32()
		case 1:
			return random.Uint32N(40)
		case 2:
			return ^uint32(0) - random.Uint32N(40)
		}
		return 16384 + random.Uint32N(3000)
	}
	type version struct {
		m    Map[int]
		want map[uint32]int
	}
	versions := []version{{want: map[uint32]int{}}}
	for range 300 {
		v := versions[random.IntN(len(versions))]
		next := version{v.m, maps.Clone(v.want)}
		for range random.IntN(20) {
			k, value := key(), random.IntN(3)
			if known := slices.Collect(maps.Keys(next.want)); random.IntN(2) == 0 && len(known) > 0 {
				k = known[random.IntN(len(known))]
			}
			next.m.Set(k, value)
			if next.want[k] = value; value == 0 {
				delete(next.want, k)
			}
		}
		versions = append(versions, next)
	}
	for _, v := range versions {
		var keys []uint32
		for k, value := range v.m.All() {
			keys = append(keys, k)
			if value != v.want[k] || v.m.Get(k) != value {
				t.Fatalf("%d is %d, want %d", k, value, v.want[k])
			}
		}
		if !slices.Equal(keys, slices.Sorted(maps.Keys(v.want))) || v.m.Len() != len(v.want) {
			t.Fatalf("%d keys %v, want %v", v.m.Len(), keys, v.want)
		}
		if k := key(); v.m.Get(k) != v.want[k] {
			t.Fatalf("%d is %d, want %d", k, v.m.Get(k), v.want[k])
		}
	}
	for range 2000 {
		a, b := versions[random.IntN(len(versions))], versions[random.IntN(len(versions))]
		changed := maps.Clone(a.want)
		for c := range Changes(a.m, b.m) {
			if c.Before != a.want[c.Key] || c.After != b.want[c.Key] || c.Before == c.After {
				t.Fatalf("wrong change %+v", c)
			}
			if changed[c.Key] = c.After; c.After == 0 {
				delete(changed, c.Key)
			}
		}
		if !maps.Equal(changed, b.want) {
			t.Fatalf("the changes give %v, want %v", changed, b.want)
		}
	}
}

// TestStop leaves a loop.
func TestStop(t *testing.T) {
	var m Map[bool]
	for k := range uint32(100) {
		m.Set(k, true)
	}
	n := 0
	for range m.All() {
		if n++; n == 50 {
			break
		}
	}
	if n != 50 {
		t.Error(n)
	}
}
