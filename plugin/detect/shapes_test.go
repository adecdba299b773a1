package detect

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/meter"
)

const (
	letters     = "abcdefghijklmnopqrstuvwxyz"
	base36      = letters + "0123456789"
	lowerBase32 = letters + "234567"
	hexa        = "0123456789abcdef"
)

// flaggedAt asks for up to limit names of next, half a second apart, and says
// which one got the pair flagged, 0 if none did. All are answered alike.
func flaggedAt(e *Engine, limit int, next func(i int) string) int {
	return fetchedAt(e, limit, next, func(int) string { return "ok" })
}

// fetchedAt is flaggedAt for replies with data.
func fetchedAt(e *Engine, limit int, next, data func(i int) string) int {
	now := time.Unix(1.7e9, 0)
	for i := range limit {
		now = now.Add(500 * time.Millisecond)
		d := ask(e, Query{Name: next(i), Type: dns.TypeTXT, Client: client, At: now})
		if d.Flagged != nil {
			return i + 1
		}
		e.Reply(d.Ticket, &dns.Msg{Answer: []dns.RR{&dns.TXT{Txt: []string{data(i)}}}}, now)
	}
	return 0
}

func randomLabel(r *rand.Rand, alphabet string, size int) string {
	label := make([]byte, size)
	for i := range label {
		label[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(label)
}

// The simplest theft is pieces of one size, one label each. No size of piece is
// a way around: more data a query must not look more harmless.
func TestPiecesOfOneSizeAreFlagged(t *testing.T) {
	const most = 64 // queries
	e, pair := engine(t, nil), 0
	for _, alphabet := range []string{hexa, lowerBase32, base36, letters} {
		for size := 16; size <= 60; size += 4 {
			for _, zone := range []string{"", "t."} {
				pair++
				zone += fmt.Sprintf("pieces%d-test.com.", pair)
				r := rand.New(rand.NewPCG(uint64(size), 1))
				at := flaggedAt(e, most, func(int) string {
					return randomLabel(r, alphabet, size) + "." + zone
				})
				if at == 0 {
					t.Errorf("%d characters of %d, below %s: not flagged in %d queries", size, len(alphabet), zone, most)
				}
			}
		}
	}
}

// What a flag says has passed is what did: the query that it blocks is not in it.
func TestFlagTellsWhatPassed(t *testing.T) {
	e, r := engine(t, nil), rand.New(rand.NewPCG(3, 1))
	var passed meter.Bits
	for i := range 60 {
		prefix := randomLabel(r, base36, 40)
		d := ask(e, Query{Name: prefix + ".passed-test.com.", Type: dns.TypeTXT, Client: client, At: time.Unix(1.7e9+int64(i), 0)})
		if f := d.Flagged; f != nil {
			if f.UpBytes != passed.Bytes() || f.LeakedBytes != uint64(40*i) || d.Price != 0 {
				t.Errorf("%d bytes of information and %d of names passed, the flag has %d and %d; it costs %d", passed.Bytes(), 40*i, f.UpBytes, f.LeakedBytes, d.Price)
			}
			return
		}
		passed += d.Price
	}
	t.Error("not flagged")
}

// A few bytes a query stay what they are beside an id that never changes.
func TestDataBesideAnIDIsFlagged(t *testing.T) {
	const most = 100 // queries
	e, r, pair := engine(t, nil), rand.New(rand.NewPCG(11, 1)), 0
	for _, id := range []string{"6f1d2c0a-93be-4c57-a1f4-0c2b8e6d7a95", "d41d8cd98f00b204e9800998ecf8427e", "k7m2q9x4zt"} {
		for _, layout := range []string{"%[1]s.%[2]s", "%[2]s.%[1]s", "%[1]s.%[3]d.d.%[2]s"} {
			pair++
			at := flaggedAt(e, most, func(i int) string {
				return fmt.Sprintf(layout, randomLabel(r, lowerBase32, 16), id, i) + fmt.Sprintf(".ids%d-test.com.", pair)
			})
			if at == 0 {
				t.Errorf("16 characters beside %s, as %s: not flagged in %d queries", id, layout, most)
			}
		}
	}
}

// Acknowledgements carry next to nothing: a session, two numbers that go up and a
// kind, as dns2tcp writes them in base64. That is what a tunnel asks for whose data
// come down, which is what tells.
func TestAcknowledgementsAreFlaggedSoon(t *testing.T) {
	const sessions, soon, late = 600, 30, 600 / 100
	e, r, missed := engine(t, nil), rand.New(rand.NewPCG(5, 1)), 0
	for pair := range sessions {
		header := binary.BigEndian.AppendUint16(nil, uint16(r.Uint32()))
		first := 100 + r.IntN(700)
		at := fetchedAt(e, soon+1, func(i int) string {
			h := binary.BigEndian.AppendUint16(header[:2], uint16(first+i))
			h = append(binary.BigEndian.AppendUint16(h, uint16(first+i+3)), 4)
			return fmt.Sprintf("%s.d.acks%d-test.org.", base64.RawStdEncoding.EncodeToString(h), pair)
		}, func(int) string { return randomLabel(r, letters+strings.ToUpper(letters)+"0123456789", 40+r.IntN(160)) })
		if at == 0 {
			missed++
		}
	}
	if missed > late {
		t.Errorf("%d of %d sessions are not flagged when %d queries have passed, at most %d wanted", missed, sessions, soon, late)
	}
}

// Names that are random by trade, as few of them as a client asks for.
func TestHarmlessRandomNamesPass(t *testing.T) {
	e, r := engine(t, nil), rand.New(rand.NewPCG(7, 1))
	for _, c := range []struct {
		name  string
		names int
		next  func(i int) string
	}{
		{"delivery nodes", 40, func(int) string { return fmt.Sprintf("e%d.dscb.delivery-test.net.", r.IntN(99999)) }},
		{"reversed addresses on a block list", 60, func(int) string {
			return fmt.Sprintf("%d.%d.%d.%d.bl.lists-test.org.", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256))
		}},
		{"names of dynamic addresses", 60, func(int) string {
			return fmt.Sprintf("host-%d-%d-%d-%d.dyn.provider-test.net.", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256))
		}},
		{"identifiers of devices", 10, func(int) string {
			id := randomLabel(r, hexa, 32)
			return id[:8] + "-" + id[8:12] + "-4" + id[13:16] + "-a" + id[17:20] + "-" + id[20:] + ".iot.devices-test.com."
		}},
		{"pods of a cluster", 40, func(int) string {
			return "checkout-" + randomLabel(r, base36, 5) + ".shop.svc.company-test.com."
		}},
		{"probes of a browser", 9, func(int) string { return randomLabel(r, letters, 7+r.IntN(9)) + ".office-test.com." }},
		{"video edges", 40, func(int) string {
			return fmt.Sprintf("r%d---sn-4g5e%s.video-test.com.", r.IntN(20), randomLabel(r, base36, 4))
		}},
	} {
		if at := flaggedAt(e, c.names, c.next); at != 0 {
			t.Errorf("%s: flagged at query %d", c.name, at)
		}
	}
}
