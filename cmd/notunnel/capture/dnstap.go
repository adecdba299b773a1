package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/dnstap/golang-dnstap"
	"github.com/farsightsec/golang-framestream"
	"google.golang.org/protobuf/proto"
)

// largestFrame is the largest dnstap frame: two messages of 64 KiB and what
// is said about them.
const largestFrame = 192 << 10

// isDnstap reports whether a START control frame comes first.
func isDnstap(head []byte) bool {
	return len(head) >= 12 && string(head[:4]) == "\x00\x00\x00\x00" && string(head[8:12]) == "\x00\x00\x00\x02"
}

// readDnstap reads unidirectional frame streams, one after the other. What a
// resolver itself asks of others is counted: the client's query that led to it is
// there as well, if the resolver is told to say so.
func readDnstap(in *bufio.Reader, r *reading) error {
	x, n := newExchanges(r), 0
	buf := make([]byte, largestFrame)
	for {
		frames, err := framestream.NewReader(in, &framestream.ReaderOptions{ContentTypes: [][]byte{dnstap.FSContentType}})
		if err != nil && n == 0 {
			return fmt.Errorf("dnstap: %w", err)
		}
		if err != nil {
			r.stats.breaksOff("behind frame %d: %v", n, err)
			return nil
		}
		if err := x.tap(frames, buf, &n); err != nil {
			return err
		}
		if head := peeked(in, 12); len(head) == 0 || r.stats.cut {
			return nil
		} else if !isDnstap(head) {
			r.stats.breaksOff("behind frame %d: no other stream", n)
			return nil
		}
	}
}

// tap reads the frames of a stream; n counts them.
func (x *exchanges) tap(frames *framestream.Reader, buf []byte, n *int) error {
	for {
		*n++
		size, err := frames.ReadFrame(buf)
		switch {
		case errors.Is(err, io.EOF):
			*n--
			return nil
		case errors.Is(err, framestream.ErrDataFrameTooLarge):
			x.stats.Malformed.Add("frame %d: %v", *n, err)
			continue
		case err != nil:
			x.stats.breaksOff("frame %d: %v", *n, err)
			return nil
		}
		var tap dnstap.Dnstap
		if err := proto.Unmarshal(buf[:size], &tap); err != nil {
			x.stats.Malformed.Add("frame %d: %v", *n, err)
			continue
		}
		if err := x.tapped(tap.GetMessage(), place{"frame", *n}); err != nil {
			return err
		}
	}
}

func (x *exchanges) tapped(m *dnstap.Message, where place) error {
	client := endpoint(m.GetQueryAddress(), m.GetQueryPort())
	server := endpoint(m.GetResponseAddress(), m.GetResponsePort())
	kind := m.GetType()
	switch kind {
	case dnstap.Message_CLIENT_QUERY, dnstap.Message_AUTH_QUERY, dnstap.Message_STUB_QUERY, dnstap.Message_TOOL_QUERY:
		if wire := m.GetQueryMessage(); len(wire) > 0 {
			return x.message(instant(m.GetQueryTimeSec(), m.GetQueryTimeNsec()), client, server, wire, false, where)
		}
	case dnstap.Message_CLIENT_RESPONSE, dnstap.Message_AUTH_RESPONSE, dnstap.Message_STUB_RESPONSE, dnstap.Message_TOOL_RESPONSE:
		if wire := m.GetResponseMessage(); len(wire) > 0 {
			return x.message(instant(m.GetResponseTimeSec(), m.GetResponseTimeNsec()), server, client, wire, false, where)
		}
	default:
		x.stats.skip("dnstap "+kind.String(), "%s", where)
		return nil
	}
	x.stats.skip("dnstap "+kind.String()+" without a message", "%s", where)
	return nil
}

// endpoint is the zero value where the address is not told.
func endpoint(ip []byte, port uint32) netip.AddrPort {
	a, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(a.Unmap(), uint16(port))
}

// instant is the zero time where it is not told.
func instant(sec uint64, nsec uint32) time.Time {
	if sec == 0 {
		return time.Time{}
	}
	return time.Unix(int64(sec), int64(nsec))
}
