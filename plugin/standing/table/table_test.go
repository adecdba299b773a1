package table

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func build(t *testing.T, seed uint64, names map[string]bool) Table {
	t.Helper()
	b := NewBuilder(seed)
	for name, popular := range names {
		if err := b.Add([]byte(name), popular); err != nil {
			t.Fatal(err)
		}
	}
	return b.Table()
}

// Names of every length, and as many that differ from one in a byte.
func TestTableFindsItsNamesOnly(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, count := range []int{0, 1, 2, 3, 100, 5000} {
		names, popular := map[string]bool{}, 0
		for len(names) < count {
			name := make([]byte, 1+random.IntN(MaxName))
			for i := range name {
				name[i] = byte(random.IntN(256))
			}
			names[string(name)] = random.IntN(3) == 0
		}
		table := build(t, random.Uint64(), names)
		for name, want := range names {
			if want {
				popular++
			}
			if got, found := table.Find([]byte(name)); !found || got != want {
				t.Fatalf("of %d names, %q: popular %v, found %v; want %v", count, name, got, found, want)
			}
			other := []byte(name)
			other[random.IntN(len(other))] ^= 1 << random.IntN(8)
			for _, other := range []string{string(other), name[1:], name + "a"} {
				if _, listed := names[other]; !listed {
					if _, found := table.Find([]byte(other)); found {
						t.Fatalf("of %d names, %q is found beside %q", count, other, name)
					}
				}
			}
		}
		if p, l := table.Len(); p != popular || p+l != count {
			t.Errorf("%d popular, %d listed; want %d and %d", p, l, popular, count-popular)
		}
		if longest := table.Longest(); longest > 10 {
			t.Errorf("of %d names, %d lie in one bucket", count, longest)
		}
	}
}

// A name made to have another one's hash is still another name.
func TestFindComparesNames(t *testing.T) {
	names := map[string]bool{"example.com": true}
	table := build(t, 1, names) // of one bucket, where every hash leads
	for _, name := range []string{"", "e", "example.net", "example.co", "example.comm", strings.Repeat("e", 11+lengthMask+1)} {
		if _, found := table.Find([]byte(name)); found {
			t.Errorf("%q is taken for example.com", name)
		}
	}
}

func TestTableDependsOnNothingButNamesAndSeed(t *testing.T) {
	names := map[string]bool{}
	for i := range 1000 {
		names[fmt.Sprintf("%d.example", i)] = i%3 == 0
	}
	if build(t, 1, names) != build(t, 1, names) {
		t.Error("the order in which names are added changes the table")
	}
	if build(t, 1, names) == build(t, 2, names) {
		t.Error("the seed does not change the table")
	}
}

func TestNameAddedTwice(t *testing.T) {
	b := NewBuilder(1)
	for _, popular := range []bool{false, true, false} {
		b.Add([]byte("example.com"), popular)
	}
	b.Add([]byte("example.net"), false)
	b.Add([]byte("example.net"), false)
	table := b.Table()
	if p, l := table.Len(); p != 1 || l != 1 {
		t.Errorf("%d popular, %d listed; want one of each", p, l)
	}
	if popular, _ := table.Find([]byte("example.com")); !popular {
		t.Error("example.com is not popular, but was so once")
	}
}

func TestAddRefuses(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("a", MaxName+1)} {
		if err := NewBuilder(1).Add([]byte(name), true); err == nil || !strings.Contains(err.Error(), "1 to 127") {
			t.Errorf("a name of %d bytes: error %v", len(name), err)
		}
	}
}

func TestEmptyTable(t *testing.T) {
	if _, found := Table("").Find([]byte("example.com")); found {
		t.Error("an empty table has example.com")
	}
}
