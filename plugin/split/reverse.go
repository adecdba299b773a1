package split

import (
	"bytes"
	"strconv"
	"strings"
)

// A reverse tree maps numbers to names below arpa, one label a unit, the first
// unit outermost. Networks are delegated at any unit, so the SLD is cut where
// they commonly are, or where the units end before that: whoever holds a wider
// network can put any labels below it.
type tree struct {
	zone   string
	unit   func(label []byte) bool
	cut    int // units below the zone that the SLD has at most
	second int // units that the second key has, 0 for no such key
	most   int // units that a whole number has: more is not PTR-shaped; 0 for none
}

var trees = [...]tree{
	{zone: "in-addr.arpa", unit: IsOctet, cut: 24 / 8, second: 16 / 8, most: 32 / 8},
	{zone: "ip6.arpa", unit: isNibble, cut: 48 / 4, second: 32 / 4, most: 128 / 4},
	{zone: "e164.arpa", unit: isDigit, cut: 2},
}

// splitArpa classifies a name of arpa and finds the cuts.
func (n *Name) splitArpa(name []byte) Class {
	for i := range trees {
		if t := &trees[i]; below(name, t.zone) {
			return n.splitReverse(name, t)
		}
	}
	root := bytes.LastIndexByte(name, '.')
	if root < 0 {
		return NoSLD
	}
	n.cut = uint8(bytes.LastIndexByte(name[:root], '.') + 1)
	if int(n.cut) == root {
		return n.malformed()
	}
	if string(n.SLD()) == "home.arpa" { // RFC 8375
		return Local
	}
	return Judged
}

// splitReverse walks up from the zone while the labels are units.
func (n *Name) splitReverse(name []byte, t *tree) Class {
	at := len(name) - len(t.zone) // where what has been walked begins
	n.cut = uint8(at)
	units, local := 0, false
	for at > 0 {
		start := bytes.LastIndexByte(name[:at-1], '.') + 1
		if !t.unit(name[start : at-1]) {
			break
		}
		at = start
		units++
		if units <= t.cut {
			n.cut = uint8(at)
		}
		if units == t.second {
			n.second = uint8(at)
		}
		local = local || localZones[string(name[at:])]
	}
	switch {
	case local:
		return Local
	case at == 0 && 0 < units && units <= t.most:
		return Reverse
	}
	return Judged
}

// localZones are the reverse zones that resolvers answer for themselves: those of
// RFC 6303, and of RFC 7793 the shared address space.
var localZones = func() map[string]bool {
	zones := map[string]bool{}
	for _, zone := range []string{
		"10.in-addr.arpa", "168.192.in-addr.arpa", // RFC 1918, with the sixteen below
		"0.in-addr.arpa", "127.in-addr.arpa", "254.169.in-addr.arpa", "255.255.255.255.in-addr.arpa",
		"2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa",
		"0" + strings.Repeat(".0", 31) + ".ip6.arpa",
		"1" + strings.Repeat(".0", 31) + ".ip6.arpa",
		"d.f.ip6.arpa", "8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa",
		"8.b.d.0.1.0.0.2.ip6.arpa",
	} {
		zones[zone] = true
	}
	for i := 16; i < 32; i++ {
		zones[strconv.Itoa(i)+".172.in-addr.arpa"] = true
	}
	for i := 64; i < 128; i++ {
		zones[strconv.Itoa(i)+".100.in-addr.arpa"] = true
	}
	return zones
}()

// below reports whether the name is the zone or lies under it.
func below(name []byte, zone string) bool {
	rest := len(name) - len(zone)
	return rest >= 0 && string(name[rest:]) == zone && (rest == 0 || name[rest-1] == '.')
}

// IsOctet reports whether the label is a number from 0 to 255, written as in
// addresses.
func IsOctet(label []byte) bool {
	value := 0
	for _, c := range label {
		if c < '0' || c > '9' {
			return false
		}
		value = value*10 + int(c-'0')
	}
	return value <= 255 && (len(label) == 1 || 2 <= len(label) && len(label) <= 3 && label[0] != '0')
}

func isNibble(label []byte) bool {
	return len(label) == 1 && (isDigit(label) || 'a' <= label[0] && label[0] <= 'f')
}

func isDigit(label []byte) bool { return len(label) == 1 && '0' <= label[0] && label[0] <= '9' }
