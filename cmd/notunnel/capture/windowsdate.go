package capture

import (
	"strings"
	"time"
)

// dateOrder finds out in which order a log has day, month and year, which
// Windows writes as the server's region does. Entries wait until one of them
// tells: a number above 12, or which number goes on from one date to the next.
type dateOrder struct {
	times   *calendar
	order   order
	waiting []windowsEntry
	first   numbers // of the dates so far
	begun   bool
}

type order uint8

const (
	unknownOrder order = iota
	dayFirst
	monthFirst
)

var orderNames = [...]string{"", "day, month, year", "month, day, year"}

// mostWaiting is how many entries wait for a date that tells the order.
const mostWaiting = 1 << 16

// numbers are those of a date and a time, in the order in which they stand.
type numbers struct {
	a, b, year     int
	hour, min, sec int
	half           string // AM, PM or ""
	told           order  // by the way in which the date is written
}

// take passes the entry on when its date is understood.
func (d *dateOrder) take(text string, e windowsEntry) error {
	if !e.query.At.IsZero() { // year, month, day: told
		e.query.At = inHalf(e.query.At, strings.Fields(text))
		return e.pass()
	}
	var ok bool
	if e.date, ok = numbersIn(text); !ok {
		return errNoDate
	}
	d.learn(e.date)
	if d.order != unknownOrder && len(d.waiting) == 0 {
		return d.pass(e)
	}
	d.waiting = append(d.waiting, e)
	if d.order != unknownOrder || len(d.waiting) >= mostWaiting {
		return d.decide()
	}
	return nil
}

// learn looks for what a date tells of the order.
func (d *dateOrder) learn(n numbers) {
	told := n.told
	switch {
	case n.a > 12:
		told = dayFirst
	case n.b > 12:
		told = monthFirst
	case told == unknownOrder && d.begun && d.order == unknownOrder && n.year == d.first.year:
		// Dates of one log are near to each other: the number that changes is the day's.
		if n.a != d.first.a && n.b == d.first.b {
			told = dayFirst
		} else if n.a == d.first.a && n.b != d.first.b {
			told = monthFirst
		}
	}
	if !d.begun {
		d.first, d.begun = n, true
	}
	if told == unknownOrder || told == d.order {
		return
	}
	if d.order != unknownOrder {
		d.times.stats.note("dates before %d/%d/%d were taken for %s, which it shows to be wrong", n.a, n.b, n.year, orderNames[d.order])
	}
	d.order = told
}

// decide passes on what waits. Where nothing told the order, dates that would be
// later than the file cannot be, and hours of two halves go with the month first.
func (d *dateOrder) decide() error {
	if d.order == unknownOrder && len(d.waiting) > 0 {
		n := d.waiting[len(d.waiting)-1].date
		latest := d.times.modified.Add(slack)
		byDay, _ := d.times.at(n.written(dayFirst))
		byMonth, _ := d.times.at(n.written(monthFirst))
		d.order = dayFirst
		if n.half != "" && !byMonth.After(latest) || byDay.After(latest) {
			d.order = monthFirst
		}
		if n.a != n.b {
			d.times.stats.note("dates like %d/%d/%d are taken for %s: nothing in the file tells", n.a, n.b, n.year, orderNames[d.order])
		}
	}
	all := d.waiting
	d.waiting = nil
	for _, e := range all {
		err := d.pass(e)
		if endedBy(err) != nil {
			return err
		}
		if err != nil {
			d.times.stats.Malformed.Add("%d/%d/%d: %v", e.date.a, e.date.b, e.date.year, err)
		}
	}
	return nil
}

func (d *dateOrder) pass(e windowsEntry) error {
	at, ok := d.times.at(e.date.written(d.order))
	if !ok {
		return errNoDate
	}
	e.query.At = at
	return e.pass()
}

// written is the time when the numbers stand in that order.
func (n *numbers) written(o order) written {
	w := written{year: n.year, day: n.a, month: time.Month(n.b), hour: n.hour, min: n.min, sec: n.sec}
	if o == monthFirst {
		w.day, w.month = n.b, time.Month(n.a)
	}
	switch {
	case n.half == "PM" && n.hour < 12:
		w.hour += 12
	case n.half == "AM" && n.hour == 12:
		w.hour = 0
	}
	return w
}

// inHalf moves a time into the half of its day that the next word tells.
func inHalf(at time.Time, words []string) time.Time {
	if len(words) == 0 {
		return at
	}
	switch {
	case words[0] == "PM" && at.Hour() < 12:
		return at.Add(12 * time.Hour)
	case words[0] == "AM" && at.Hour() == 12:
		return at.Add(-12 * time.Hour)
	}
	return at
}

// numbersIn reads "3/7/2023 10:10:10 AM" and the like, and "20230307 10:10:10".
func numbersIn(text string) (n numbers, ok bool) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return n, false
	}
	date, clock := []byte(words[0]), words[1]
	if len(date) == 8 && digits(date, 0, 8) {
		n.year, n.a, n.b, n.told = number(date, 0, 4), number(date, 6, 2), number(date, 4, 2), dayFirst
	} else {
		parts := strings.FieldsFunc(words[0], func(r rune) bool { return r == '/' || r == '-' || r == '.' })
		if len(parts) != 3 || !numerals(parts) {
			return n, false
		}
		n.a, n.b, n.year = numeral(parts[0]), numeral(parts[1]), numeral(parts[2])
		if len(parts[0]) == 4 {
			n.a, n.year, n.told = n.year, n.a, dayFirst // year, month, day
		} else if strings.IndexByte(words[0], '.') > 0 {
			n.told = dayFirst
		}
	}
	if n.year < 100 {
		n.year += 2000
	}
	times := strings.FieldsFunc(clock, func(r rune) bool { return r == ':' || r == '.' })
	if len(times) != 3 || !numerals(times) {
		return n, false
	}
	n.hour, n.min, n.sec = numeral(times[0]), numeral(times[1]), numeral(times[2])
	if len(words) > 2 {
		if half := strings.ToUpper(strings.ReplaceAll(words[2], ".", "")); half == "AM" || half == "PM" {
			n.half = half
		}
	}
	return n, true
}

// numerals reports whether all are numbers of one to four digits.
func numerals(all []string) bool {
	for _, s := range all {
		if len(s) < 1 || len(s) > 4 || !digits([]byte(s), 0, len(s)) {
			return false
		}
	}
	return true
}

func numeral(s string) int { return number([]byte(s), 0, len(s)) }
