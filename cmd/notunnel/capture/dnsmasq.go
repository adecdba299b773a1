package capture

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// dnsmasq reads log-queries of dnsmasq and of Pi-hole's dnsmasq (src/cache.c,
// log_query; 2.80 to 2.91):
//
//	query[A] www.example.net from 192.0.2.1
//	forwarded www.example.net to 192.0.2.53
//	reply www.example.net is <CNAME>
//	reply web.example.net is 192.0.2.9
//
// With log-queries=extra a number and the client's address and port go before
// each, with proto UDP or TCP besides. Without them a reply is that to the last
// query of its name.
type dnsmasq struct {
	*reading
	open  map[string]*Query // by number, or by name and type
	order []string          // of open, oldest first
	now   *Query            // what is being answered
	reply *dns.Msg          // as far as it is told
	alias bool              // the name of the next line is that of a CNAME
}

func newDnsmasq(r *reading) lineReader { return &dnsmasq{reading: r, open: map[string]*Query{}} }

// unprintable is what dnsmasq writes in place of a name with unprintable bytes.
const unprintable = "<name unprintable>"

// mostOpen is how many queries of a log may wait for their replies.
const mostOpen = 1 << 14

func (d *dnsmasq) read(l *line) (bool, error) {
	s := string(l.text)
	tagged := strings.HasPrefix(l.program, "dnsmasq")
	if !tagged && strings.HasPrefix(s, "dnsmasq") { // on standard error
		_, s, tagged = strings.Cut(s, ": ")
	}
	number := ""
	for { // what extra and proto put before it
		word, rest, ok := strings.Cut(s, " ")
		if !ok {
			return false, nil
		}
		if word != "UDP" && word != "TCP" && !isEndpoint(word) {
			if _, err := strconv.ParseUint(word, 10, 32); err != nil {
				break
			}
			number = word
		}
		s = rest
	}
	verb, rest, _ := strings.Cut(s, " ")
	asked, ok := strings.CutPrefix(verb, "query[")
	if !ok {
		asked, ok = strings.CutPrefix(verb, "auth[")
	}
	if ok && strings.HasSuffix(asked, "]") {
		return true, d.query(l, number, asked[:len(asked)-1], rest)
	}
	if !tagged && !(l.follows && (slices.Contains(answerVerbs, verb) || strings.HasPrefix(verb, "/"))) { // of a file of hosts
		return false, nil
	}
	before, value, ok := strings.Cut(s, " is ")
	if name := strings.LastIndexByte(before, ' '); ok && name > 0 {
		return true, d.answer(number, before[name+1:], value)
	}
	return true, d.flush()
}

// answerVerbs are what lines begin with that go with a query, by dnsmasq itself
// and by Pi-hole.
var answerVerbs = []string{
	"forwarded", "reply", "cached", "cached-stale", "config", "DHCP", "validation", "dnssec-query[DS]", "dnssec-query[DNSKEY]",
	"gravity", "exactly", "regex", "special", "blocked",
}

// isEndpoint reports whether a word is address/port.
func isEndpoint(word string) bool {
	addr, _, ok := strings.Cut(word, "/")
	if !ok {
		return false
	}
	_, err := netip.ParseAddr(addr)
	return err == nil
}

func (d *dnsmasq) query(l *line, number, qtype, rest string) error {
	if err := d.flush(); err != nil {
		return err
	}
	from := strings.LastIndex(rest, " from ")
	if from < 0 {
		return errCut
	}
	if rest[:from] == unprintable {
		d.skipLine("dnsmasq queries of names that it does not print")
		return nil
	}
	q := &Query{At: l.at, Name: rawName(rest[:from])}
	var err error
	if q.Type, err = parseType(strings.TrimPrefix(qtype, "type=")); err != nil {
		return err
	}
	if q.Client, err = netip.ParseAddr(rest[from+len(" from "):]); err != nil {
		return err
	}
	if !l.whole {
		return errCut // of the address, too
	}
	d.wait(number, q)
	return d.visitor.Query(q)
}

func (d *dnsmasq) wait(number string, q *Query) {
	key := number
	if key == "" {
		key = q.Name
	}
	if d.open[key] == nil {
		if len(d.order) >= mostOpen {
			delete(d.open, d.order[0])
			d.order = d.order[1:]
		}
		d.order = append(d.order, key)
	}
	d.open[key] = q
}

// answer takes one record of a reply.
func (d *dnsmasq) answer(number, name, value string) error {
	if d.alias && d.reply != nil {
		d.alias = false
		d.reply.Answer = append(d.reply.Answer, recordOf(rawName(name), dns.TypeCNAME))
	} else {
		key := number
		if key == "" {
			key = rawName(name)
		}
		q := d.open[key]
		if q == nil && d.now == nil {
			return nil // to no client's query
		}
		if q != nil && q != d.now {
			if err := d.flush(); err != nil {
				return err
			}
			d.now, d.reply = q, answer(dns.RcodeSuccess)
		}
	}
	switch {
	case strings.HasPrefix(value, "<CNAME>"):
		d.alias = true
	case strings.HasPrefix(value, "NXDOMAIN"):
		d.reply.Rcode = dns.RcodeNameError
	case strings.HasPrefix(value, "NODATA"), strings.HasPrefix(value, "<"):
	default:
		if code, ok := dns.StringToRcode[value]; ok {
			d.reply.Rcode = code
		} else if rr := recordOf(value, d.now.Type); rr != nil {
			d.reply.Answer = append(d.reply.Answer, rr)
		}
	}
	return nil
}

// flush passes on the reply that is complete now.
func (d *dnsmasq) flush() error {
	q, m := d.now, d.reply
	d.now, d.reply, d.alias = nil, nil, false
	if q == nil {
		return nil
	}
	return d.visitor.Reply(q, m)
}

func (d *dnsmasq) end() error { return d.flush() }
