package meter

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/keyhash"
)

// server replies to a pair without limits.
type server struct {
	m *Meter
	q *Query
}

func newServer(t *testing.T) *server {
	s := &server{m: newMeter(t, 1000, Limits{}, 1), q: query("www", "replies.example", 1, dns.TypeA, begin)}
	s.m.Query(s.q)
	return s
}

// reply replies to a name by its number.
func (s *server) reply(name uint64, rcode int, records ...Record) Bits {
	price, _ := s.m.Reply(&Reply{Pair: s.q.Pair, Hash: keyhash.Mix(name, 5), Type: dns.TypeA, Rcode: rcode, Told: TellAll(rcode, records), Records: records, At: begin})
	return price
}

// address is an A record.
func address(a uint32) Record {
	read := binary.BigEndian.AppendUint32([]byte{0, byte(dns.TypeA)}, a)
	n := BeginningSize(4)
	return Record{Hash: testKey.Sum(read), Price: Type(dns.TypeA) + Data(4), Begin: BeginningHash(testKey.Sum(read[:2+n])), Rest: Data(4 - n)}
}

// A beginning, or a record, that a reply has twice is one.
func TestWhatIsThereTwiceCountsOnce(t *testing.T) {
	s := newServer(t)
	s.reply(1, 0, address(0x0a000001), address(0x0a000002), address(0x0a000001))
	shard, _ := s.m.of(s.q.Pair)
	if a := shard.Find(s.q.Pair); a.newest != 2 || a.begun != 1 {
		t.Errorf("%d records and %d beginnings, want 2 and 1", a.newest, a.begun)
	}
}

// Whatever way data is written as replies, no more of it comes in, on average, than
// they cost: not by whether a reply changes either, nor by which error it is.
func TestNoWayOfReplyingCarriesMoreThanItCosts(t *testing.T) {
	const replies = 20_000
	change := func(often float64) func(*rand.Rand, *server) (Bits, float64) {
		now := uint32(0)
		return func(r *rand.Rand, s *server) (Bits, float64) {
			information := -math.Log2(1 - often)
			if r.Float64() < often {
				now, information = 1-now, -math.Log2(often)
			}
			return s.reply(1, 0, address(now)), information
		}
	}
	for name, write := range map[string]func(*rand.Rand, *server) (Bits, float64){
		"one of two records, often another":  change(0.5),
		"one of two records, seldom another": change(0.05),
		"one of two records, hardly another": change(0.001),
		"records or none": func(r *rand.Rand, s *server) (Bits, float64) {
			if r.IntN(2) == 0 {
				return s.reply(r.Uint64(), dns.RcodeNameError), 1
			}
			return s.reply(r.Uint64(), 0, address(1)), 1
		},
		"one of two errors, to one name":  func(r *rand.Rand, s *server) (Bits, float64) { return s.reply(1, 3*r.IntN(2)), 1 },
		"one of two errors, to new names": func(r *rand.Rand, s *server) (Bits, float64) { return s.reply(r.Uint64(), 3*r.IntN(2)), 1 },
		"any rcode":                       func(r *rand.Rand, s *server) (Bits, float64) { return s.reply(r.Uint64(), r.IntN(4096)), 12 },
		"some of sixteen records": func(r *rand.Rand, s *server) (Bits, float64) {
			var records []Record
			for i := range uint32(16) {
				if r.IntN(2) == 0 {
					records = append(records, address(i))
				}
			}
			return s.reply(r.Uint64(), 0, records...), 16
		},
		"addresses": func(r *rand.Rand, s *server) (Bits, float64) { return s.reply(1, 0, address(r.Uint32())), 32 },
		"addresses of one network": func(r *rand.Rand, s *server) (Bits, float64) {
			return s.reply(1, 0, address(10<<24|r.Uint32N(1<<16))), 16
		},
		"addresses of eight networks": func(r *rand.Rand, s *server) (Bits, float64) {
			return s.reply(1, 0, address(10<<24|r.Uint32N(8)<<16|r.Uint32N(1<<16))), 19
		},
	} {
		r, s := rand.New(rand.NewPCG(12, 1)), newServer(t)
		var paid, payload float64
		for range replies {
			price, information := write(r, s)
			paid, payload = paid+float64(price)/float64(bit), payload+information
		}
		t.Logf("%-34s %6.2f bits of payload a reply, %6.2f paid", name, payload/replies, paid/replies)
		if paid < payload {
			t.Errorf("%s: %.0f bits of payload went for %.0f", name, payload, paid)
		}
	}
}

// What a block list, a zone of hosts in one network and a wildcard say is little, and
// cheap.
func TestRepliesThatSayLittleAreCheap(t *testing.T) {
	s := newServer(t)
	for name := range uint64(1000) {
		if price := s.reply(name, dns.RcodeNameError); price > 3*bit {
			t.Fatalf("NXDOMAIN costs %d bits", price/bit)
		}
		if price := s.reply(name, dns.RcodeNameError); price != 0 {
			t.Fatalf("the last reply again costs %d bits", price/bit)
		}
		price := s.reply(1000+name, 0, address(127<<24|uint32(2+name%9)))
		if name >= 9 && price > 15*bit {
			t.Fatalf("one of nine addresses costs %d bits", price/bit)
		}
		price = s.reply(2000+name, 0, address(10<<24|uint32(name)))
		if name > 0 && price > 22*bit {
			t.Fatalf("one address of a network costs %d bits", price/bit)
		}
	}
}

func TestBeginningSize(t *testing.T) {
	for size, want := range map[int]int{0: 0, 2: 0, 4: 2, 16: 8, 32: 8, 33: 32, 200: 32} {
		if got := BeginningSize(size); got != want {
			t.Errorf("%d of %d bytes, want %d", got, size, want)
		}
	}
}
