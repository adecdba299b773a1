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

// readDnstap reads a unidirectional frame stream. What a resolver itself asks
// of others is left out: the client's query that led to it is there as well.
func readDnstap(in *bufio.Reader, v Visitor, stats *Stats) error {
	frames, err := framestream.NewReader(in, &framestream.ReaderOptions{ContentTypes: [][]byte{dnstap.FSContentType}})
	if err != nil {
		return fmt.Errorf("dnstap: %w", err)
	}
	x := newExchanges(v, stats)
	buf := make([]byte, largestFrame)
	for n := 1; ; n++ {
		size, err := frames.ReadFrame(buf)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, framestream.ErrDataFrameTooLarge):
			stats.Malformed.Add("frame %d: %v", n, err)
			continue
		case err != nil:
			stats.breaksOff("frame %d: %v", n, err)
			return nil
		}
		var tap dnstap.Dnstap
		if err := proto.Unmarshal(buf[:size], &tap); err != nil {
			stats.Malformed.Add("frame %d: %v", n, err)
			continue
		}
		if err := x.tapped(tap.GetMessage(), fmt.Sprintf("frame %d", n)); err != nil {
			return err
		}
	}
}

func (x *exchanges) tapped(m *dnstap.Message, where string) error {
	client := endpoint(m.GetQueryAddress(), m.GetQueryPort())
	server := endpoint(m.GetResponseAddress(), m.GetResponsePort())
	switch m.GetType() {
	case dnstap.Message_CLIENT_QUERY, dnstap.Message_AUTH_QUERY, dnstap.Message_STUB_QUERY, dnstap.Message_TOOL_QUERY:
		return x.message(instant(m.GetQueryTimeSec(), m.GetQueryTimeNsec()), client, server, m.GetQueryMessage(), false, where)
	case dnstap.Message_CLIENT_RESPONSE, dnstap.Message_AUTH_RESPONSE, dnstap.Message_STUB_RESPONSE, dnstap.Message_TOOL_RESPONSE:
		return x.message(instant(m.GetResponseTimeSec(), m.GetResponseTimeNsec()), server, client, m.GetResponseMessage(), false, where)
	}
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
