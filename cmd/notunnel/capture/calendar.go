package capture

import (
	"bytes"
	"time"
)

// calendar reads the times that logs begin their lines with, and infers what
// they leave out: the year from when the file was last written, going on from
// line to line, and the zone from the machine's own (TZ sets another). Both are
// said once.
type calendar struct {
	stats    *Stats
	zone     *time.Location
	modified time.Time
	last     time.Time // of the last one without a year
	noZone   bool      // said
}

func newCalendar(o Options, stats *Stats) *calendar {
	c := &calendar{stats: stats, zone: time.Local, modified: o.Modified}
	if c.modified.IsZero() {
		c.modified = time.Now()
	}
	return c
}

// written is a time as a log has it.
type written struct {
	year                int // 0 if it is not told
	month               time.Month
	day, hour, min, sec int
	nsec                int
	zone                *time.Location // nil if it is not told
	offset              bool           // minutesEast is told instead
	minutesEast         int
}

// at is the instant, or false if there is none such.
func (c *calendar) at(m written) (time.Time, bool) {
	if m.month < 1 || m.month > 12 || m.day < 1 || m.day > 31 || m.hour > 23 || m.min > 59 || m.sec > 60 {
		return time.Time{}, false
	}
	zone, shift := m.zone, 0
	switch {
	case m.offset:
		zone, shift = time.UTC, m.minutesEast
	case zone == nil:
		zone = c.zone
		if !c.noZone {
			c.noZone = true
			name := zone.String()
			if name == "Local" {
				name, _ = c.modified.In(zone).Zone()
			}
			c.stats.note("times name no zone: taken as local ones, %s (TZ=... sets another)", name)
		}
	}
	date := func(year int) (time.Time, bool) {
		t := time.Date(year, m.month, m.day, m.hour, m.min-shift, m.sec, m.nsec, zone)
		return t, shift != 0 || t.Day() == m.day || m.sec == 60
	}
	if m.year != 0 {
		return date(m.year)
	}
	t, ok := c.inYear(date)
	if ok {
		c.last = t
	}
	return t, ok
}

// slack is how far a clock may be ahead of the file's.
const slack = 25 * time.Hour

// inYear is the date in the year that fits: for the first one the latest that
// is not after the file was written, then the nearest to the one before.
func (c *calendar) inYear(date func(year int) (time.Time, bool)) (best time.Time, found bool) {
	if c.last.IsZero() {
		for year := c.modified.Year() + 1; year > c.modified.Year()-9 && !found; year-- {
			t, ok := date(year)
			if ok && !t.After(c.modified.Add(slack)) {
				best, found = t, true
				c.stats.note("times name no year: the first is taken as %d", year)
			}
		}
		return best, found
	}
	for year := c.last.Year() - 1; year <= c.last.Year()+1; year++ {
		t, ok := date(year)
		if ok && (!found || t.Sub(c.last).Abs() < best.Sub(c.last).Abs()) {
			best, found = t, true
		}
	}
	return best, found
}

// stamp reads the time that s begins with, in any of the forms that loggers
// use. n is its length, 0 if s begins with none.
func (c *calendar) stamp(s []byte) (at time.Time, n int) {
	var m written
	switch {
	case len(s) < 12:
		return at, 0
	case s[0] == '[': // seconds, as Unbound writes them
		if end := bytes.IndexByte(s, ']'); end > 9 && end < 24 {
			if at, ok := epoch(s[1:end]); ok {
				return at, end + 1
			}
		}
		return at, 0
	case digits(s, 0, 4) && (s[4] == '-' || s[4] == '/'):
		n = m.iso(s)
	case digits(s, 0, 2) && s[2] == '-':
		n = m.bind(s)
	case digits(s, 0, 9):
		end := bytes.IndexByte(s, ' ')
		if end < 0 || end > 24 || bytes.IndexByte(s[:end], '.') < 0 {
			return at, 0
		}
		if at, ok := epoch(s[:end]); ok {
			return at, end
		}
		return at, 0
	case s[3] == ' ' && monthOf(s[4:7]) != 0: // OpenWrt's logread: a day of the week before it, the year behind
		if n = m.syslog(s[4:]); n > 0 && m.year == 0 && digits(s, 4+n+1, 4) {
			m.year = number(s, 4+n+1, 4)
			n += 4 + 5
		} else {
			n = 0
		}
	case s[3] == ' ' && digits(s, 4, 4): // a day of the week before it, a zone behind
		if n = m.iso(s[4:]); n > 0 {
			n += 4
			if zone, _, ok := bytes.Cut(s[min(n+1, len(s)):], []byte{' '}); ok && !m.offset && len(zone) <= 5 {
				n += 1 + len(zone)
				if name := string(zone); name == "UTC" || name == "GMT" {
					m.zone = time.UTC
				}
			}
		}
	case s[3] == ' ':
		n = m.syslog(s)
	}
	if n == 0 {
		return at, 0
	}
	at, ok := c.at(m)
	if !ok {
		return at, 0
	}
	return at, n
}

// iso reads 2006-01-02T15:04:05.999Z07:00 with most of what people leave out.
func (m *written) iso(s []byte) int {
	if len(s) < 19 || !digits(s, 5, 2) || s[7] != s[4] || !digits(s, 8, 2) || s[10] != 'T' && s[10] != ' ' {
		return 0
	}
	m.year, m.month, m.day = number(s, 0, 4), time.Month(number(s, 5, 2)), number(s, 8, 2)
	n := m.clock(s, 11)
	if n == 0 || n == len(s) {
		return n
	}
	if s[n] == 'Z' {
		m.zone = time.UTC
		return n + 1
	}
	if (s[n] == '+' || s[n] == '-') && digits(s, n+1, 2) {
		hours, minutes, end := number(s, n+1, 2), 0, n+3
		if end < len(s) && s[end] == ':' && digits(s, end+1, 2) {
			minutes, end = number(s, end+1, 2), end+3
		} else if digits(s, end, 2) {
			minutes, end = number(s, end, 2), end+2
		}
		m.minutesEast, m.offset = hours*60+minutes, true
		if s[n] == '-' {
			m.minutesEast = -m.minutesEast
		}
		return end
	}
	return n
}

// bind reads 02-Jan-2006 15:04:05.999.
func (m *written) bind(s []byte) int {
	if len(s) < 20 || s[6] != '-' || !digits(s, 7, 4) || s[11] != ' ' {
		return 0
	}
	m.day, m.month, m.year = number(s, 0, 2), monthOf(s[3:6]), number(s, 7, 4)
	return m.clock(s, 12)
}

// syslog reads Jan _2 15:04:05, with a fraction or a year if there is one.
func (m *written) syslog(s []byte) int {
	if len(s) < 15 || !digits(s, 5, 1) || s[6] != ' ' {
		return 0
	}
	m.month = monthOf(s[:3])
	switch {
	case digits(s, 4, 1):
		m.day = number(s, 4, 2)
	case s[4] == ' ':
		m.day = number(s, 5, 1)
	default:
		return 0
	}
	if digits(s, 7, 4) && len(s) > 20 && s[11] == ' ' {
		m.year = number(s, 7, 4)
		return m.clock(s, 12)
	}
	return m.clock(s, 7)
}

// clock reads 15:04:05 and a fraction from i on, and returns where it ends; 0 if
// there is none.
func (m *written) clock(s []byte, i int) int {
	if !digits(s, i, 2) || !digits(s, i+3, 2) || !digits(s, i+6, 2) || s[i+2] != ':' || s[i+5] != ':' {
		return 0
	}
	m.hour, m.min, m.sec = number(s, i, 2), number(s, i+3, 2), number(s, i+6, 2)
	i += 8
	if i+1 < len(s) && (s[i] == '.' || s[i] == ',') && digits(s, i+1, 1) {
		scale := int(time.Second)
		for i++; digits(s, i, 1); i++ {
			if scale /= 10; scale > 0 {
				m.nsec += scale * number(s, i, 1)
			}
		}
	}
	return i
}

// epoch reads seconds since 1970, with a fraction if there is one.
func epoch(s []byte) (time.Time, bool) {
	whole, part, _ := bytes.Cut(s, []byte{'.'})
	if len(whole) < 9 || len(whole) > 10 || !digits(whole, 0, len(whole)) || !digits(part, 0, len(part)) || len(part) > 9 {
		return time.Time{}, false
	}
	nsec := number(part, 0, len(part))
	for range 9 - len(part) {
		nsec *= 10
	}
	return time.Unix(int64(number(whole, 0, len(whole))), int64(nsec)), true
}

var months = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// monthOf is 0 for what is none.
func monthOf(s []byte) time.Month {
	for i, name := range months {
		if string(s) == name {
			return time.Month(i + 1)
		}
	}
	return 0
}

// digits reports whether s has n digits from i on.
func digits(s []byte, i, n int) bool {
	if i+n > len(s) {
		return false
	}
	for _, c := range s[i : i+n] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// number is that of n digits from i on; a space counts as 0.
func number(s []byte, i, n int) (value int) {
	for _, c := range s[i : i+n] {
		value = value*10 + int(c&0xf)
	}
	return value
}
