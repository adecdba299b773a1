package capture

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// parseRdata brings the forms in which logs give rdata to one: the record as
// it would have come from the wire. What fits no form is taken as the bytes
// that it is; a log is never refused for its rdata.
func parseRdata(s string, qtype uint16) dns.RR {
	if first, rest, ok := strings.Cut(s, " "); ok && (qtype != dns.TypeTXT || !strings.HasPrefix(s, `"`)) {
		if t, known := typeWord(first); known && t != qtype {
			// a text may begin with such a word as well
			if rr := recordOf(rest, t); rr != nil && (qtype != dns.TypeTXT || t == dns.TypeCNAME || t == dns.TypeRRSIG) {
				return rr
			}
		} else if known && t == dns.TypeTXT {
			return txt(zeekText(rest))
		}
	}
	if rr := recordOf(s, qtype); rr != nil {
		return rr
	}
	return raw(qtype, []byte(s))
}

// typeWord is the record type that a word of upper case names.
func typeWord(s string) (uint16, bool) {
	if t, ok := dns.StringToType[s]; ok {
		return t, true
	}
	if digits, ok := strings.CutPrefix(s, "TYPE"); ok {
		n, err := strconv.ParseUint(digits, 10, 16)
		return uint16(n), err == nil
	}
	return 0, false
}

// recordOf is the record of that type and rdata, nil if it cannot be one.
func recordOf(s string, t uint16) dns.RR {
	header := dns.RR_Header{Name: ".", Rrtype: t, Class: dns.ClassINET}
	if generic, ok := strings.CutPrefix(s, `\# `); ok {
		return genericRecord(generic, t)
	}
	if a, err := netip.ParseAddr(s); err == nil && t != dns.TypeTXT {
		if a.Is4() {
			header.Rrtype = dns.TypeA
			return &dns.A{Hdr: header, A: a.AsSlice()}
		}
		header.Rrtype = dns.TypeAAAA
		return &dns.AAAA{Hdr: header, AAAA: a.AsSlice()}
	}
	words := strings.Fields(s)
	oneName := len(words) == 1 && words[0] == s
	switch t {
	case dns.TypeTXT:
		if strings.HasPrefix(s, `"`) {
			return &dns.TXT{Hdr: header, Txt: quoted(s)}
		}
		return txt(s)
	case dns.TypeA, dns.TypeAAAA, dns.TypeCNAME:
		if oneName {
			header.Rrtype = dns.TypeCNAME
			return &dns.CNAME{Hdr: header, Target: s}
		}
	case dns.TypePTR:
		if oneName {
			return &dns.PTR{Hdr: header, Ptr: s}
		}
	case dns.TypeNS:
		if oneName {
			return &dns.NS{Hdr: header, Ns: s}
		}
	case dns.TypeMX:
		if len(words) > 0 && len(words) <= 2 {
			numbers := numbersOf(words[:len(words)-1], 1)
			return &dns.MX{Hdr: header, Preference: numbers[0], Mx: words[len(words)-1]}
		}
	case dns.TypeSRV:
		if len(words) == 1 || len(words) == 4 {
			numbers := numbersOf(words[:len(words)-1], 3)
			return &dns.SRV{
				Hdr: header, Priority: numbers[0], Weight: numbers[1], Port: numbers[2], Target: words[len(words)-1],
			}
		}
	}
	if data, err := hex.DecodeString(s); err == nil && len(data) > 0 {
		return fromWire(t, data)
	}
	if !strings.ContainsAny(s, "\n;") {
		if rr, err := dns.NewRR(". 0 IN " + dns.Type(t).String() + " " + s); err == nil && rr != nil {
			return rr
		}
	}
	return nil
}

// numbersOf reads so many numbers; what is none, or is left out, is 0.
func numbersOf(words []string, n int) []uint16 {
	numbers := make([]uint16, n)
	for i, word := range words {
		number, _ := strconv.ParseUint(word, 10, 16)
		numbers[i] = uint16(number)
	}
	return numbers
}

// genericRecord reads what follows \# (RFC 3597): length and hexadecimal
// digits, which may be spaced.
func genericRecord(s string, t uint16) dns.RR {
	_, digits, _ := strings.Cut(s, " ")
	data, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		return nil
	}
	return fromWire(t, data)
}

// fromWire is the record of that type and rdata as on the wire; a type that
// cannot hold the rdata gives way to one that can.
func fromWire(t uint16, rdata []byte) dns.RR {
	header := dns.RR_Header{Name: ".", Rrtype: t, Class: dns.ClassINET, Rdlength: uint16(len(rdata))}
	if rr, off, err := dns.UnpackRRWithHeader(header, rdata, 0); err == nil && off == len(rdata) && len(rdata) <= 0xffff {
		return rr
	}
	return raw(t, rdata)
}

func raw(t uint16, rdata []byte) dns.RR {
	return &dns.RFC3597{Hdr: dns.RR_Header{Name: ".", Rrtype: t, Class: dns.ClassINET}, Rdata: hex.EncodeToString(rdata)}
}

// txt is a text record of one string, given without quotes.
func txt(s string) dns.RR {
	return &dns.TXT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{s}}
}

// quoted splits "…" "…" into the strings between the quotes, escapes as they
// are: that is how dns.TXT holds them.
func quoted(s string) (all []string) {
	start := -1
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"' && start < 0:
			start = i + 1
		case s[i] == '"':
			all = append(all, s[start:i])
			start = -1
		}
	}
	if start >= 0 && start < len(s) {
		all = append(all, s[start:])
	}
	return all
}

// zeekText takes the lengths out of Zeek's form of a text: each string comes
// after its length.
func zeekText(s string) string {
	var b strings.Builder
	for rest := s; rest != ""; {
		digits, text, ok := strings.Cut(rest, " ")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 0 || n > len(text) {
			return s
		}
		b.WriteString(text[:n])
		rest = strings.TrimPrefix(strings.TrimPrefix(text[n:], " "), "TXT ")
	}
	return b.String()
}
