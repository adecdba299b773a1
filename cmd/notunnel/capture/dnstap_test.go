package capture

import (
	"bytes"
	"testing"

	"github.com/dnstap/golang-dnstap"
	"github.com/farsightsec/golang-framestream"
	"github.com/miekg/dns"
	"google.golang.org/protobuf/proto"
)

// tapped is a dnstap file with a client's query and its reply; nil leaves one
// out. What the resolver asked of others stands between them.
func tapped(t testing.TB, query, reply []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := framestream.NewWriter(&buf, &framestream.WriterOptions{ContentTypes: [][]byte{dnstap.FSContentType}})
	if err != nil {
		t.Fatal(err)
	}
	write := func(kind dnstap.Message_Type, message []byte, isReply bool) {
		sec, nsec, port := uint64(1700000000), uint32(5), uint32(4000)
		m := &dnstap.Message{Type: &kind, QueryAddress: []byte{192, 0, 2, 1}, QueryPort: &port, QueryTimeSec: &sec, QueryTimeNsec: &nsec}
		if isReply {
			m.ResponseMessage, m.ResponseTimeSec, m.ResponseTimeNsec = message, &sec, &nsec
		} else {
			m.QueryMessage = message
		}
		frame, err := proto.Marshal(&dnstap.Dnstap{Type: dnstap.Dnstap_MESSAGE.Enum(), Message: m})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteFrame(frame); err != nil {
			t.Fatal(err)
		}
	}
	if query != nil {
		write(dnstap.Message_CLIENT_QUERY, query, false)
		write(dnstap.Message_FORWARDER_QUERY, query, false)
	}
	if reply != nil {
		write(dnstap.Message_FORWARDER_RESPONSE, reply, true)
		write(dnstap.Message_CLIENT_RESPONSE, reply, true)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestDnstap(t *testing.T) {
	q := query(t, 1, "a.example.net.", dns.TypeA)
	r := reply(t, 1, "a.example.net.", dns.TypeA, "A 192.0.2.9")
	both := []string{"? 192.0.2.1 a.example.net. A", "! a.example.net. NOERROR | 192.0.2.9"}
	lines, _ := read(t, tapped(t, q, r))
	want(t, lines, both...)
	lines, _ = read(t, tapped(t, nil, r))
	want(t, lines, both...)

	lines, stats := read(t, tapped(t, []byte("no DNS"), nil))
	if len(lines) != 0 || stats.Malformed.N != 1 || stats.Truncated.N != 0 {
		t.Errorf("%q, %+v: want one malformed payload", lines, stats)
	}
	wantSkipped(t, stats, map[string]int{"dnstap FORWARDER_QUERY": 1})

	// A query that the resolver does not tell is in the reply.
	lines, stats = read(t, tapped(t, []byte{}, r))
	want(t, lines, both...)
	if stats.Malformed.N != 0 {
		t.Errorf("an empty message is no defect: %+v", stats)
	}
	wantSkipped(t, stats, map[string]int{"dnstap CLIENT_QUERY without a message": 1, "dnstap FORWARDER_QUERY": 1, "dnstap FORWARDER_RESPONSE": 1})

	// Streams follow one another, also where one ends without saying so.
	stream := tapped(t, q, r)
	const stop = 12
	for _, first := range [][]byte{stream, stream[:len(stream)-stop]} {
		lines, stats = read(t, append(bytes.Clone(first), stream...))
		want(t, lines, append(append([]string{}, both...), both...)...)
		if stats.Truncated.N != 0 || stats.Malformed.N != 0 {
			t.Errorf("two streams: %+v", stats)
		}
	}
	if _, stats = read(t, append(bytes.Clone(stream), "something else"...)); stats.Truncated.N != 1 {
		t.Errorf("something behind the stream: %+v", stats)
	}

	whole := tapped(t, q, r)
	lines, stats = read(t, whole[:len(whole)-30])
	if len(lines) == 0 || stats.Truncated.N != 1 {
		t.Errorf("%q, %+v: want one truncated file", lines, stats)
	}
}
