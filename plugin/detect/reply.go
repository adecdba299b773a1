package detect

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"net"
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
	// Most replies are as the last one was, and of those no record needs to be priced. A
	// joint window learns from them all the same.
	if told, ok := e.told(m); ok && t.client == 0 && (t.pair == 0 || e.again(&t, told, at)) {
		t.pair = 0 // done
		if t.second == 0 || e.meter.ReplyAgain(&meter.Reply{Pair: t.second, Hash: t.above, Type: t.qtype, Told: told, At: at}) {
			return 0, true
		}
	}
	return e.replyNew(&t, m, at)
}

// again reports whether the reply is the pair's last one once more, and learns then what
// there is to learn of it.
func (e *Engine) again(t *Ticket, told meter.Told, at time.Time) bool {
	r := meter.Reply{Pair: t.pair, Hash: t.prefix, Type: t.qtype, Told: told, At: at}
	p := e.pairs.lock(t.pair, t.place, at)
	defer p.Unlock()
	again := e.meter.Again(&p.account, &p.rests, &r)
	if again && t.judged {
		p.window.Learn(&p.panes, t.prefix, &nothingNew)
	}
	return again
}

// replyNew is Reply for one that can be another than the last.
func (e *Engine) replyNew(t *Ticket, m *dns.Msg, at time.Time) (price meter.Bits, ok bool) {
	room := rooms.Get().(*replyRoom)
	defer rooms.Put(room)
	r := meter.Reply{Pair: t.pair, Hash: t.prefix, Type: t.qtype, Rcode: m.Rcode, Records: e.records(t, room, m), At: at}
	r.Told = meter.TellAll(m.Rcode, r.Records)
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

var nothingNew window.Answer

// learn is Reply for the pair alone.
func (e *Engine) learn(t *Ticket, r *meter.Reply, m *dns.Msg, room *replyRoom) (price meter.Bits, ok bool) {
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

// told is what is remembered of a reply, if all its records are such as nearly all are:
// addresses, and aliases of usual length. That fits on the stack.
func (e *Engine) told(m *dns.Msg) (_ meter.Told, ok bool) {
	all, owner := meter.Tell(m.Rcode), ownerOf(m)
	for _, rr := range m.Answer {
		size := 2 + len(rr.Header().Name)
		switch rr := rr.(type) {
		case *dns.A:
			if ip := rr.A.To4(); ip != nil && rr.Hdr.Name == owner { // nearly all: the hash of type and address, as one number
				all.Add(e.config.Key.Short(uint64(dns.TypeA)<<8|uint64(binary.LittleEndian.Uint32(ip))<<16, 2+net.IPv4len))
				continue
			}
			size += net.IPv4len
		case *dns.AAAA:
			size += net.IPv6len
		case *dns.CNAME:
			size += len(rr.Target)
		default:
			return 0, false
		}
		var room [192]byte
		if size > len(room) {
			return 0, false
		}
		read, _ := recordRead(room[:0], rr, &owner)
		all.Add(e.config.Key.Sum(read))
	}
	return all, true
}

// records are those of the answer section as the meter needs them: by all that a
// client can read of them.
func (e *Engine) records(t *Ticket, room *replyRoom, m *dns.Msg) []meter.Record {
	room.records = room.records[:0]
	owner := ownerOf(m)
	all := room.buf[:0] // what can be read of all records
	for _, rr := range m.Answer {
		h, from := rr.Header(), len(all)
		r := meter.Record{Price: meter.Type(h.Rrtype) + meter.Owner(h.Name == owner)}
		if h.Name != owner {
			r.Price += e.name(room, h.Name)
		}
		var at int
		all, at = recordRead(all, rr, &owner)
		content, names := e.content(room, rr, len(all)-at)
		if n := meter.BeginningSize(len(all) - at); n > 0 && !names {
			r.Begin, r.Rest = meter.BeginningHash(e.config.Key.Sum(all[from:at+n])), content-meter.Data(n)
		}
		r.Hash, r.Price = e.config.Key.Sum(all[from:]), r.Price+content
		e.meter.AheadRecord(cmp.Or(t.pair, t.second), &r)
		room.records = append(room.records, r)
	}
	room.buf = all[:0]
	return room.records
}

// ownerOf is whose records come first: "." in logs, which do not tell owners.
func ownerOf(m *dns.Msg) string {
	if len(m.Question) > 0 {
		return m.Question[0].Name
	}
	return "."
}

// recordRead appends all that a client can read of a record: its type, its owner unless
// that is what was asked for or what this leads to, and from at on its rdata as it was sent.
func recordRead(read []byte, rr dns.RR, owner *string) (_ []byte, at int) {
	h := rr.Header()
	read = append(read, byte(h.Rrtype>>8), byte(h.Rrtype))
	if h.Name != *owner {
		read = append(read, h.Name...)
	}
	at = len(read)
	switch rr := rr.(type) {
	case *dns.CNAME:
		read = append(read, rr.Target...)
		if *owner != "." {
			*owner = rr.Target
		}
	case *dns.NS:
		read = append(read, rr.Ns...)
	case *dns.PTR:
		read = append(read, rr.Ptr...)
	case *dns.MX:
		read = append(appendNumbers(read, rr.Preference), rr.Mx...)
	case *dns.SRV:
		read = append(appendNumbers(read, rr.Priority, rr.Weight, rr.Port), rr.Target...)
	case *dns.TXT:
		for _, s := range rr.Txt {
			begin := len(read)
			read = escape.Append(append(read, 0), s)
			read[begin] = byte(len(read) - begin)
		}
	default:
		read = rdata(read, rr)
	}
	return read, at
}

func appendNumbers(read []byte, numbers ...uint16) []byte {
	for _, n := range numbers {
		read = append(read, byte(n>>8), byte(n))
	}
	return read
}

// content prices the rdata of a record, of which so many bytes can be read: names by the
// code, everything else by the byte.
func (e *Engine) content(room *replyRoom, rr dns.RR, size int) (price meter.Bits, names bool) {
	switch rr := rr.(type) {
	case *dns.CNAME:
		return e.name(room, rr.Target), true
	case *dns.NS:
		return e.name(room, rr.Ns), true
	case *dns.PTR:
		return e.name(room, rr.Ptr), true
	case *dns.MX:
		return e.name(room, rr.Mx) + meter.Data(2), true
	case *dns.SRV:
		return e.name(room, rr.Target) + meter.Data(6), true
	case *dns.A, *dns.AAAA:
		return meter.Data(size), false
	}
	return meter.Data(size) + meter.Length(size), false
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
