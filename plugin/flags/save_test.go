package flags

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// What was saved, as JSON as well, blocks after Restore as it did before, and no longer.
func TestSaveAndRestore(t *testing.T) {
	table := New(key, hold)
	raise(table, `a.evil\255\000.com.`, 1, begin)
	raise(table, "x.other.org.", 2, begin.Add(time.Minute))
	s, pair := about("y.spent.net.", 3)
	table.Raise(pair, s, s.SLD(), Flag{Ground: verdict.Budget, First: begin.Add(-time.Minute), Reasons: []Reason{{Text: "spent"}, {Text: "random", Weight: 0.25, Feature: "bits_up", Value: -1, Benign: feature.Range{Low: 1, Median: 2, High: 3}}}}, begin)
	blocked(table, `b.evil\255\000.com.`, 1, begin.Add(time.Second))

	text, err := json.Marshal(table.Save())
	if err != nil {
		t.Fatal(err)
	}
	var saved []Saved
	if err := json.Unmarshal(text, &saved); err != nil {
		t.Fatal(err)
	}
	next := New(key, hold)
	next.Restore(saved)
	if err := next.sound(); err != nil {
		t.Error(err)
	}
	want, got := table.All(begin), next.All(begin)
	for i := range got {
		// JSON has no monotonic clock and no place.
		got[i].Since, got[i].Last, got[i].Until = got[i].Since.Local(), got[i].Last.Local(), got[i].Until.Local()
		if !got[i].First.IsZero() {
			got[i].First = got[i].First.Local()
		}
	}
	if !reflect.DeepEqual(got, want) || len(want) != 3 {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	s, _ = about(`c.evil\255\000.com.`, 1)
	if f, ok := next.Find(s, begin); !ok || f.Blocked != 2 {
		t.Errorf("found is %+v", f)
	}
	if !blocked(next, `c.evil\255\000.com.`, 1, begin.Add(hold)) || blocked(next, `c.evil\255\000.com.`, 2, begin) {
		t.Error("what blocks is not what was saved")
	}
	if after := begin.Add(2*hold + time.Hour); len(next.All(after)) != 0 {
		t.Error("a flag does not end")
	}
}

// More flags than a table holds, or such of no ground, leave it sound.
func TestRestoreIsBounded(t *testing.T) {
	saved := make([]Saved, Capacity+1000)
	for i := range saved {
		saved[i] = Saved{ID: uint64(i), Pair: uint64(i) * 32, SLD: []byte("x"), Scope: []byte("x"), Ground: verdict.Model, Last: begin.Add(time.Duration(i))}
	}
	saved[Capacity+999].Ground = verdict.NoGround
	table := New(key, hold)
	table.Restore(saved)
	if err := table.sound(); err != nil || table.Len() != Capacity {
		t.Errorf("%d flags, %v", table.Len(), err)
	}
}

func TestMarksAreBounded(t *testing.T) {
	var marks Marks
	for i := range maxMarks {
		if err := marks.Set(Mark{Flag: Flag{ID: uint64(i)}, Opinion: True, Everyone: i > 0, At: begin}); err != nil {
			t.Fatal(err)
		}
	}
	if err := marks.Set(Mark{Flag: Flag{ID: maxMarks}, Opinion: True, Everyone: true}); err != nil {
		t.Errorf("the one that is not for everyone does not go: %v", err)
	}
	if err := marks.Set(Mark{Flag: Flag{ID: maxMarks + 1}, Opinion: True}); err == nil || len(marks.All()) != maxMarks {
		t.Errorf("%d marks, error %v", len(marks.All()), err)
	}
	if err := marks.Set(Mark{Flag: Flag{ID: 5}, Opinion: False, At: begin}); err != nil {
		t.Errorf("one that is there cannot be changed: %v", err)
	}
}
