package verdict

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/notunnel/notunnel/plugin/subject"
)

func TestNewAllowance(t *testing.T) {
	at := time.Unix(1.7e9, 0)
	a, err := NewAllowance("Example.ORG.", "192.0.2.7/24", "ticket 1", time.Hour, at)
	want := Allowance{Domain: "example.org", Client: subject.ParseClient("192.0.2.0/24"), Since: at, Until: at.Add(time.Hour), Reason: "ticket 1"}
	if err != nil || a != want {
		t.Errorf("%+v, error %v; want %+v", a, err, want)
	}
	for _, bad := range []struct {
		domain, client, reason string
		span                   time.Duration
	}{
		{domain: ""}, {domain: "a b"}, {domain: "10.0.0.1"}, {domain: "x.org", client: "nobody"}, {domain: "x.org", span: -1},
		{domain: "x.org", reason: strings.Repeat("x", 2000)}, {domain: "x.org", reason: "\xff"},
	} {
		if _, err := NewAllowance(bad.domain, bad.client, bad.reason, bad.span, at); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

func TestAllowancesAreBounded(t *testing.T) {
	var l *Allowances
	at := time.Unix(1.7e9, 0)
	add := func(i int) (err error) {
		next, err := l.With(at, Allowance{Domain: fmt.Sprintf("d%d.org", i), Until: at.Add(time.Second)})
		if err == nil {
			l = next
		}
		return err
	}
	var all []Allowance
	for i := range maxAllowances {
		all = append(all, Allowance{Domain: fmt.Sprintf("d%d.org", i), Until: at.Add(time.Second)})
	}
	l, err := l.With(at, all...)
	if err != nil {
		t.Fatal(err)
	}
	if add(maxAllowances) == nil {
		t.Error("there is room for one more")
	}
	if err := add(0); err != nil {
		t.Errorf("one that is there cannot be changed: %v", err)
	}
	if at = at.Add(time.Second); add(maxAllowances) != nil || len(l.All(at)) != 1 {
		t.Error("those that have run out take room")
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		domain, client, scope, who string
		want                       bool
	}{
		{"x.org", "", "x.org", "192.0.2.1", true},
		{"x.org", "", "a.x.org", "file:x", true},
		{"x.org", "", "ax.org", "192.0.2.1", false},
		{"a.x.org", "", "x.org", "192.0.2.1", false},
		{"x.org", "192.0.2.1/32", "x.org", "192.0.2.1", true},
		{"x.org", "192.0.2.1/32", "x.org", "192.0.2.2", false},
		{"x.org", "192.0.2.1/32", "x.org", "192.0.2.0/24", false},
		{"x.org", "192.0.2.0/24", "x.org", "192.0.2.128/25", true},
		{"x.org", "192.0.2.1/32", "x.org", "file:x", false},
		{"x.org", "2001:db8::/32", "x.org", "2001:db8:1::/64", true},
		{"x.org", "2001:db8::/32", "x.org", "192.0.2.1", false},
		{"x.org", "mac:02:00:00:00:00:01", "x.org", "mac:02:00:00:00:00:01", true},
		{"x.org", "mac:02:00:00:00:00:01", "x.org", "mac:02:00:00:00:00:02", false},
		{"x.org", "0.0.0.0/0", "x.org", "cpe:4711", false},
		{"x.org", "", "x.org", "cpe:4711", true},
	} {
		a := Allowance{Domain: c.domain}
		if c.client != "" {
			a.Client = subject.ParseClient(c.client)
		}
		who := subject.ParseClient(c.who)
		if who.String() != c.who {
			t.Errorf("client %s is read as %s", c.who, who)
		}
		if got := a.Within(c.scope, &who); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
