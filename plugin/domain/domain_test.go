package domain

import (
	"slices"
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	label63 := strings.Repeat("a", maxLabel)
	tests := []struct{ domain, want, wantErr string }{
		{"Example.COM.", "example.com", ""},
		{"BÜCHER.example", "xn--bcher-kva.example", ""},
		{"bücher。example", "xn--bcher-kva.example", ""}, // the ideographic full stop
		{"_tcp.r3---sn-4g.example", "_tcp.r3---sn-4g.example", ""},
		{"com", "com", ""},
		{label63 + ".example", label63 + ".example", ""},
		{strings.Repeat("a.", 126) + "a", strings.Repeat("a.", 126) + "a", ""},
		{"", "", "is not a domain"},
		{".", "", "is not a domain"},
		{".example", "", "is not a domain"},
		{"a..example", "", "is not a domain"},
		{"example..", "", "is not a domain"},
		{"*.example", "", "is not a domain"},
		{`a\.example`, "", "is not a domain"},
		{"exa\x80mple", "", "is not a domain"},
		{label63 + "a.example", "", "is not a domain"},
		{"example." + label63 + "a", "", "is not a domain"},
		{strings.Repeat("a.", 126) + "aa", "", "is not a domain"},
		{"10.0.0.1", "", "exempt"},
		{"2001:db8::1", "", "exempt"},
	}
	for _, tt := range tests {
		got, err := Canonical(tt.domain)
		if got != tt.want || (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
			t.Errorf("Canonical(%q) = %q, %v; want %q, %q", tt.domain, got, err, tt.want, tt.wantErr)
		}
	}
}

func TestReadLines(t *testing.T) {
	var got []string
	text := byteOrderMark + "# head\r\n\r\na.example # why\r\n b.example\t\nc.example"
	err := ReadLines(strings.NewReader(text), "list", func(text, comment string) error {
		got = append(got, text+"|"+comment)
		return nil
	})
	if want := []string{"a.example|why", "b.example|", "c.example|"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}
