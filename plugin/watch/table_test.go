package watch

import (
	"fmt"
	"testing"
	"time"

	"github.com/notunnel/notunnel/plugin/subject"
)

func TestTable(t *testing.T) {
	table, at := New(), time.Unix(1.7e9, 0)
	one, two := subject.ParseClient("192.0.2.1"), subject.ParseClient("192.0.2.2")
	table.Note(Pair{SLD: "a.org", Client: one, Name: "x.a.org", Watched: true, Score: 0.9, Last: at})
	table.Note(Pair{SLD: "a.org", Client: two, Name: "y.a.org", Up: 7, Last: at.Add(time.Second)})
	table.Note(Pair{SLD: "a.org", Client: one, Name: "z.a.org", Up: 9, Last: at.Add(time.Minute)})
	all := table.All(at.Add(time.Hour))
	if len(all) != 2 {
		t.Fatalf("%+v", all)
	}
	if p := all[0]; p.Client != one || p.Name != "z.a.org" || !p.Watched || p.Score != 0.9 || p.Up != 9 || !p.First.Equal(at) {
		t.Errorf("%+v", p)
	}
	if all := table.All(at.Add(25 * time.Hour)); len(all) != 0 {
		t.Errorf("after a day: %+v", all)
	}
}

func TestTableIsBounded(t *testing.T) {
	table, at := New(), time.Unix(1.7e9, 0)
	for i := range 2 * Capacity {
		table.Note(Pair{SLD: fmt.Sprintf("d%d.org", i), Last: at.Add(time.Duration(i) * time.Millisecond)})
	}
	if all := table.All(at); len(all) != Capacity || all[0].SLD != fmt.Sprintf("d%d.org", 2*Capacity-1) {
		t.Errorf("%d pairs, the newest %+v", len(all), all[0])
	}
}
