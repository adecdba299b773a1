package detect

import (
	"encoding/hex"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/escape"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/window"
)

// Reply learns from the reply to a query, and charges what it brings in. ok is false
// if that exceeds a budget: then the reply is to be withheld. It keeps nothing of the
// message.
func (e *Engine) Reply(t Ticket, m *dns.Msg, at time.Time) (price meter.Bits, ok bool) {
	if !t.Valid() {
		return 0, true
	}
	room := rooms.Get().(*replyRoom)
	defer rooms.Put(room)
	r := meter.Reply{Pair: t.pair, Hash: t.prefix, Type: t.qtype, Rcode: m.Rcode, Records: e.records(room, m), At: at}
	if t.pair != 0 {
		if price, ok = e.learn(t, &r, m, room); !ok {
			return 0, false
		}
		if t.client != 0 {
			e.joint.Learn(t.client, t.pair, t.prefix, news(price))
		}
	}
	if t.second != 0 {
		r.Pair, r.Hash = t.second, t.above
		charged, cause := e.meter.Reply(&r)
		if cause != meter.Within {
			return 0, false
		}
		price = max(price, charged)
	}
	return price, true
}

// learn is Reply for the pair alone.
func (e *Engine) learn(t Ticket, r *meter.Reply, m *dns.Msg, room *replyRoom) (price meter.Bits, ok bool) {
	p := e.pairs.lock(t.pair, t.place, r.At)
	defer p.Unlock()
	price, cause := e.meter.ChargeReply(&p.account, &p.rests, r)
	if cause != meter.Within {
		return 0, false
	}
	if t.judged {
		a := window.Answer{News: news(price)}
		if a.News > 0 {
			count(&a, m, room.buf)
		}
		p.window.Learn(&p.panes, t.prefix, &a)
	}
	return price, true
}

// news is what a reply brings in that is new, in bytes: which of a few known replies it is
// says little.
func news(price meter.Bits) int { return price.Whole() / 8 }

// replyRoom is scratch space for a reply.
type replyRoom struct {
	buf     []byte
	name    []byte
	records []meter.Record
}

var rooms = sync.Pool{New: func() any { return &replyRoom{buf: make([]byte, 0, 512), name: make([]byte, 0, 256)} }}

// records are those of the answer section as the meter needs them: by all that a
// client can read of them.
func (e *Engine) records(room *replyRoom, m *dns.Msg) []meter.Record {
	room.records = room.records[:0]
	owner := "." // as logs have it, which do not tell owners
	if len(m.Question) > 0 {
		owner = m.Question[0].Name
	}
	all := room.buf[:0] // what can be read of all records
	for _, rr := range m.Answer {
		h, from := rr.Header(), len(all)
		all = append(all, byte(h.Rrtype>>8), byte(h.Rrtype))
		r := meter.Record{Price: meter.Type(h.Rrtype) + meter.Owner(h.Name == owner)}
		if h.Name != owner { // neither what was asked for nor what that leads to
			all = append(all, h.Name...)
			r.Price += e.name(room, h.Name)
		}
		at := len(all)
		var content meter.Bits
		var names bool
		all, content, names = e.content(room, all, rr)
		if n := meter.Beginning(len(all) - at); n > 0 && !names {
			r.Begin, r.Rest = all[from:at+n], content-meter.Data(n)
		}
		if cname, ok := rr.(*dns.CNAME); ok && owner != "." {
			owner = cname.Target
		}
		r.Hash, r.Price = e.config.Key.Sum(all[from:]), r.Price+content
		room.records = append(room.records, r)
	}
	room.buf = all[:0]
	return room.records
}

// content appends the rdata of a record as it was sent, and prices it: names by the
// code, everything else by the byte.
func (e *Engine) content(room *replyRoom, read []byte, rr dns.RR) (_ []byte, price meter.Bits, names bool) {
	begin := len(read)
	switch rr := rr.(type) {
	case *dns.CNAME:
		return e.named(room, read, rr.Target)
	case *dns.NS:
		return e.named(room, read, rr.Ns)
	case *dns.PTR:
		return e.named(room, read, rr.Ptr)
	case *dns.MX:
		return e.named(room, read, rr.Mx, rr.Preference)
	case *dns.SRV:
		return e.named(room, read, rr.Target, rr.Priority, rr.Weight, rr.Port)
	case *dns.A, *dns.AAAA:
		read = rdata(read, rr)
		return read, meter.Data(len(read) - begin), false
	case *dns.TXT:
		for _, s := range rr.Txt {
			at := len(read)
			read = escape.Append(append(read, 0), s)
			read[at] = byte(len(read) - at)
		}
	default:
		read = rdata(read, rr)
	}
	return read, meter.Data(len(read)-begin) + meter.Length(len(read)-begin), false
}

// named is content of numbers and a name.
func (e *Engine) named(room *replyRoom, read []byte, name string, numbers ...uint16) (_ []byte, price meter.Bits, names bool) {
	for _, n := range numbers {
		read = append(read, byte(n>>8), byte(n))
	}
	return append(read, name...), e.name(room, name) + meter.Data(2*len(numbers)), true
}

// name prices a name of a record, letter case included.
func (e *Engine) name(room *replyRoom, name string) meter.Bits {
	letters, capitals := 0, 0
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z':
			letters++
		case 'A' <= c && c <= 'Z':
			letters, capitals = letters+1, capitals+1
		}
	}
	return e.code.Name(appendName(room.name, name)) + meter.Spelling(letters, capitals)
}

// What is looked at of one reply: a few hundred records change nothing that
// the first dozens have not told.
const (
	maxRecords     = 32
	maxCountedByte = 256
)

// count counts the bytes of the answer section. rdata is taken as the bytes that carry
// meaning, whatever form it came in: addresses raw, names unescaped with dots,
// texts joined, everything else as on the wire. buf is empty, room for some.
func count(a *window.Answer, m *dns.Msg, buf []byte) {
	counted := 0
	for _, rr := range m.Answer[:min(len(m.Answer), maxRecords)] {
		if counted == maxCountedByte {
			break
		}
		data := rdata(buf, rr)
		data = data[:min(len(data), maxCountedByte-counted)]
		for _, b := range data {
			a.Counts[feature.AnswerClass(b)]++
		}
		counted += len(data)
	}
}

// rdata appends the record's data to buf.
func rdata(buf []byte, rr dns.RR) []byte {
	switch rr := rr.(type) {
	case *dns.A:
		return append(buf, rr.A.To4()...)
	case *dns.AAAA:
		return append(buf, rr.AAAA...)
	case *dns.CNAME:
		return appendName(buf, rr.Target)
	case *dns.NS:
		return appendName(buf, rr.Ns)
	case *dns.PTR:
		return appendName(buf, rr.Ptr)
	case *dns.MX:
		return appendName(buf, rr.Mx)
	case *dns.SRV:
		return appendName(buf, rr.Target)
	case *dns.TXT:
		for _, s := range rr.Txt {
			buf = escape.Append(buf, s)
		}
		return buf
	case *dns.NULL:
		return append(buf, rr.Data...)
	case *dns.RFC3597:
		raw, _ := hex.DecodeString(rr.Rdata) // what is not hex was never on the wire
		return append(buf, raw...)
	}
	return wire(buf, rr)
}

// wire appends the rdata as it stands in a message, without compression. A
// record that cannot be packed has none.
func wire(buf []byte, rr dns.RR) []byte {
	packed := make([]byte, dns.Len(rr)+1)
	end, err := dns.PackRR(rr, packed, 0, nil, false)
	if err != nil {
		return buf
	}
	const fixedHeader = 10 // type, class, TTL, length (RFC 1035, section 3.2.1)
	start := 0
	for start < end && packed[start] != 0 {
		start += int(packed[start]) + 1
	}
	start += 1 + fixedHeader
	if start > end {
		return buf
	}
	return append(buf, packed[start:end]...)
}

// appendName appends a domain name, unescaped, lower-cased, without the root
// dot.
func appendName(buf []byte, name string) []byte {
	start := len(buf)
	buf = escape.Append(buf, name)
	if n := len(buf); n > start && buf[n-1] == '.' {
		buf = buf[:n-1]
	}
	for i, c := range buf[start:] {
		if c >= 'A' && c <= 'Z' {
			buf[start+i] = c + 'a' - 'A'
		}
	}
	return buf
}
