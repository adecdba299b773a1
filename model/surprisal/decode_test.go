package surprisal

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// uniform is a small table in order: one row of equal costs.
func uniform() (table []byte, manifest Manifest) {
	table = append(make([]byte, indexSize), bytes.Repeat([]byte{85}, Symbols)...) // 39 < 2^(85/16)
	return table, Manifest{Alphabet: Alphabet, Order: order, Layout: layout, Rows: 1, Unit: Unit, SuffixList: "a list"}
}

func TestDecodeUniform(t *testing.T) {
	table, manifest := uniform()
	m, err := Decode("u.bin", table, manifest)
	if err != nil {
		t.Fatal(err)
	}
	for i := range table {
		table[i] = 255 // the model has its own
	}
	if cost, ok := m.Label([]byte("abc")); cost != 4*85 || !ok {
		t.Errorf("cost %d, %v", cost, ok)
	}
}

func TestShippedTableFits(t *testing.T) {
	if table, _ := readFiles(t); len(table) > maxSize {
		t.Errorf("%d bytes, at most %d wanted", len(table), maxSize)
	}
}

// Whatever is wrong with a table, the error says where.
func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		spoil   func(table *[]byte, m *Manifest)
		wantErr string
	}{
		{"other alphabet", func(_ *[]byte, m *Manifest) { m.Alphabet = "abc" }, `manifest: alphabet "abc", this build has "abcdefgh`},
		{"other order", func(_ *[]byte, m *Manifest) { m.Order = 3 }, "manifest: order 3, this build has 4"},
		{"later layout", func(_ *[]byte, m *Manifest) { m.Layout = 2 }, "manifest: layout 2, this build reads 1"},
		{"other unit", func(_ *[]byte, m *Manifest) { m.Unit = 8 }, "manifest: unit of 1/8 bit, this build has 1/16"},
		{"no rows", func(_ *[]byte, m *Manifest) { m.Rows = 0 }, "manifest: 0 rows, 1 to 3679 wanted"},
		{"more rows than fit", func(_ *[]byte, m *Manifest) { m.Rows = maxRows + 1 }, "manifest: 3680 rows, 1 to 3679 wanted"},
		{"no suffix list", func(_ *[]byte, m *Manifest) { m.SuffixList = "" }, "manifest: suffix_list is missing"},
		{"empty", func(b *[]byte, _ *Manifest) { *b = nil }, "0 bytes, 118677 wanted for 1 rows"},
		{"a byte less", func(b *[]byte, _ *Manifest) { *b = (*b)[1:] }, "118676 bytes, 118677 wanted"},
		{"a byte more", func(b *[]byte, _ *Manifest) { *b = append(*b, 255) }, "118678 bytes, 118677 wanted"},
		{"a row more than there are", func(_ *[]byte, m *Manifest) { m.Rows = 2 }, "118677 bytes, 118716 wanted for 2 rows"},
		{"a row that is not there", func(b *[]byte, _ *Manifest) {
			binary.LittleEndian.PutUint16((*b)[2*(1*Symbols*Symbols+2*Symbols+End):], 1)
		}, `context "bc." at byte 3274: row 1 of 1`},
		{"the last context's row is not there", func(b *[]byte, _ *Manifest) { (*b)[indexSize-1] = 0xff }, `context "..." at byte 118636: row 65280 of 1`},
		{"a row above 1", func(b *[]byte, _ *Manifest) { (*b)[indexSize+5] = 60 }, "row 0 at byte 118638: its probabilities sum to 1.0"},
		{"a row barely above 1", func(b *[]byte, _ *Manifest) {
			copy((*b)[indexSize:], bytes.Repeat([]byte{255}, Symbols))
			(*b)[indexSize], (*b)[indexSize+1] = Unit, Unit
		}, "row 0 at byte 118638: its probabilities sum to 1.000"},
		{"a symbol for nothing", func(b *[]byte, _ *Manifest) { (*b)[indexSize] = 0 }, "row 0 at byte 118638: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, manifest := uniform()
			c.spoil(&table, &manifest)
			m, err := Decode("u.bin", table, manifest)
			if err == nil || !strings.HasPrefix(err.Error(), "u.bin: "+c.wantErr) {
				t.Errorf("error %v\nwanted u.bin: %s", err, c.wantErr)
			}
			if m != nil {
				t.Error("a model was returned with an error")
			}
		})
	}
}

// FuzzLoad gives any table and number of rows: an error, or a model whose
// look-ups stay inside it and whose rows are codes.
func FuzzLoad(f *testing.F) {
	table, manifest := uniform()
	f.Add(table, manifest.Rows)
	f.Add(table[:len(table)-1], 1)
	f.Add([]byte(nil), 0)
	shipped, whole := readFiles(f)
	f.Add(shipped, whole.Rows)
	f.Fuzz(func(t *testing.T, table []byte, rows int) {
		manifest.Rows = rows
		m, err := Decode("u.bin", slices.Clone(table), manifest)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "u.bin: ") {
				t.Errorf("error does not name the file: %v", err)
			}
			return
		}
		for _, beginning := range []string{"", "a", "-_", "9_a"} {
			if _, ok := m.Costs([]byte(beginning)); !ok {
				t.Errorf("no costs after %q", beginning)
			}
		}
		if cost, ok := m.Label([]byte("static-images")); !ok || cost == 0 {
			t.Errorf("cost %d, %v", cost, ok)
		}
	})
}
