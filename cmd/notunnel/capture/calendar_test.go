package capture

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// times are those that a visitor is told of queries.
type times struct {
	record
	at []time.Time
}

func (r *times) Query(q *Query) error {
	r.at = append(r.at, q.At)
	return r.record.Query(q)
}

func timesIn(t *testing.T, content string, modified time.Time) ([]time.Time, Stats) {
	t.Helper()
	var r times
	stats, err := Options{Modified: modified}.Visit(strings.NewReader(content), "f", &r)
	if err != nil {
		t.Fatal(err)
	}
	return r.at, stats
}

// A time without a year is that of the log, whatever year the reader lives in:
// over turns of the year and leap days, with lines that are somewhat out of order.
func TestYears(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for range 300 {
		at := time.Date(2010+random.IntN(15), time.Month(1+random.IntN(12)), 1+random.IntN(28), random.IntN(24), 0, 0, 0, time.Local)
		var log strings.Builder
		var want []time.Time
		for range 40 {
			at = at.Add(time.Duration(random.Int64N(int64(9 * 24 * time.Hour)))).Truncate(time.Second)
			told := at.Add(-time.Duration(random.IntN(30)) * time.Second)
			want = append(want, told)
			fmt.Fprintf(&log, "%s ns1 unbound: [7:0] info: 192.0.2.1 a.example.net. A IN\n", told.Format("Jan _2 15:04:05"))
			if at.Sub(want[0]) > 330*24*time.Hour { // of a longer log the year of the first line cannot be told
				break
			}
		}
		got, stats := timesIn(t, log.String(), at.Add(time.Hour))
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("read %v\nwant %v", got, want)
		}
		if notes := strings.Join(stats.Notes.Sentences(), "; "); !strings.Contains(notes, fmt.Sprintf("the first is taken as %d", want[0].Year())) {
			t.Fatalf("notes %q", notes)
		}
	}
}

// Every way to write a time comes to the same instant.
func TestStamps(t *testing.T) {
	at := time.Date(2026, 2, 3, 14, 5, 6, 0, time.Local)
	const msec = 789 * time.Millisecond
	for _, c := range []struct {
		text string
		want time.Time
	}{
		{at.Format("2006-01-02T15:04:05") + ".789", at.Add(msec)},
		{at.Format("2006-01-02 15:04:05") + ",789", at.Add(msec)},
		{at.Format("2006/01/02 15:04:05"), at},
		{at.UTC().Format("2006-01-02T15:04:05Z"), at},
		{at.UTC().Add(time.Hour).Format("2006-01-02T15:04:05") + "+0100", at},
		{at.UTC().Add(-90*time.Minute).Format("2006-01-02T15:04:05") + ".789000-01:30", at.Add(msec)},
		{at.UTC().Add(2*time.Hour).Format("2006-01-02T15:04:05") + "+02", at},
		{at.Format("02-Jan-2006 15:04:05.000"), at},
		{at.Format("Jan _2 15:04:05"), at},
		{at.Format("Jan _2 15:04:05") + ".789012", at.Add(msec + 12*time.Microsecond)},
		{at.Format("Jan _2 2006 15:04:05"), at},
		{at.UTC().Format("Mon 2006-01-02 15:04:05") + " UTC", at},
		{at.Format("Mon Jan _2 15:04:05 2006"), at},
		{fmt.Sprintf("%d.789", at.Unix()), at.Add(msec)},
		{fmt.Sprintf("[%d]", at.Unix()), at},
		{fmt.Sprintf("[%d.789]", at.Unix()), at.Add(msec)},
	} {
		calendar := newCalendar(Options{Modified: at.Add(time.Hour)}, &Stats{})
		got, n := calendar.stamp([]byte(c.text + " named[7]: text"))
		if n != len(c.text) || !got.Equal(c.want) {
			t.Errorf("%q: %v of %d bytes, want %v of %d", c.text, got, n, c.want, len(c.text))
		}
	}
	for _, text := range []string{
		"2026-13-03T14:05:06", "2026-02-30T14:05:06", "2026-02-03T24:05:06", "Feb 30 14:05:06", "Foo  3 14:05:06", "31-Feb-2026 14:05:06.000",
		"12 10.0.0.7/4000 query[A]", "client 192.0.2.1#4000", "[INFO] 192.0.2.1:4000 - 7", "0.0.0.0 www.example.net",
	} {
		if _, n := newCalendar(Options{}, &Stats{}).stamp([]byte(text + " and so on and on")); n != 0 {
			t.Errorf("%q is taken for a time", text)
		}
	}
}

// The order of day and month is that which the file tells, wherever it does; where
// nothing tells, it is said how dates were taken.
func TestWindowsDates(t *testing.T) {
	line := func(date string) string {
		return date + " 0E6C PACKET  000000000624C5C0 UDP Rcv 192.0.2.1       5c3f   Q [0001   D   NOERROR] A      (3)www(7)example(3)net(0)\n"
	}
	date := func(month time.Month, day, hour int) time.Time {
		return time.Date(2023, month, day, hour, 10, 11, 0, time.Local)
	}
	written := date(11, 30, 0)
	for name, c := range map[string]struct {
		content  string
		modified time.Time
		want     []time.Time
		note     string
	}{
		"a day above 12, later":       {line("03/07/2023 14:10:11") + line("13/07/2023 14:10:11"), written, []time.Time{date(7, 3, 14), date(7, 13, 14)}, ""},
		"a month first, later":        {line("7/3/2023 2:10:11 PM") + line("7/13/2023 12:10:11 AM"), written, []time.Time{date(7, 3, 14), date(7, 13, 0)}, ""},
		"the second number goes on":   {line("3/7/2023 14:10:11") + line("3/8/2023 14:10:11"), written, []time.Time{date(3, 7, 14), date(3, 8, 14)}, ""},
		"the first number goes on":    {line("3/7/2023 2:10:11 PM") + line("4/7/2023 2:10:11 PM"), written, []time.Time{date(7, 3, 14), date(7, 4, 14)}, ""},
		"one would be to come":        {line("3/7/2023 14:10:11"), date(3, 8, 0), []time.Time{date(3, 7, 14)}, "dates like 3/7/2023 are taken for month, day, year"},
		"nothing tells":               {line("3/7/2023 14:10:11"), written, []time.Time{date(7, 3, 14)}, "dates like 3/7/2023 are taken for day, month, year"},
		"nothing but halves of a day": {line("3/7/2023 2:10:11 PM"), written, []time.Time{date(3, 7, 14)}, "dates like 3/7/2023 are taken for month, day, year"},
		"day and month are alike":     {line("7/7/2023 14:10:11"), written, []time.Time{date(7, 7, 14)}, ""},
		"dots":                        {line("03.07.2023 14:10:11"), written, []time.Time{date(7, 3, 14)}, ""},
		"hyphens, two digits":         {line("03-07-23 14:10:11") + line("13-07-23 14:10:11"), written, []time.Time{date(7, 3, 14), date(7, 13, 14)}, ""},
		"the year first":              {line("2023-07-03 14:10:11") + line("2023/07/03 2:10:11 PM"), written, []time.Time{date(7, 3, 14), date(7, 3, 14)}, ""},
		"no separators, as of 2003":   {line("20230703 14:10:11"), written, []time.Time{date(7, 3, 14)}, ""},
		"one that shows others wrong": {line("3/7/2023 14:10:11") + line("3/8/2023 14:10:11") + line("14/3/2023 14:10:11"), written, []time.Time{date(3, 7, 14), date(3, 8, 14), date(3, 14, 14)}, "dates before 14/3/2023 were taken for month, day, year"},
	} {
		t.Run(name, func(t *testing.T) {
			got, stats := timesIn(t, c.content, c.modified)
			if !slices.EqualFunc(got, c.want, time.Time.Equal) {
				t.Errorf("read %v, want %v", got, c.want)
			}
			if notes := strings.Join(stats.Notes.Sentences(), "; "); c.note == "" && strings.Contains(notes, "dates") || !strings.Contains(notes, c.note) {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
		})
	}
}

func TestWindowsNames(t *testing.T) {
	for text, want := range map[string]string{
		"(3)www(7)example(3)net(0)": "www.example.net.", "(0)": ".", "(5)a.b\\c(3)net(0)": `a\.b\\c.net.`,
		"(4)(3)x(3)net(0)": "(3)x.net.", "(2)é(3)net(0)": "é.net.", "(3)[00]x(3)net(0)": "[00]x.net.",
	} {
		if got, ok := counted(text); !ok || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "www", "(3)www", "(3)ww", "(x)www(0)", "(-1)a(0)", "(3)www(7)exam"} {
		if got, ok := counted(text); ok {
			t.Errorf("%s: %q", text, got)
		}
	}
}
