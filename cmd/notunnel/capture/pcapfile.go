package capture

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// isPcap reports whether a head of pcap comes first, of microseconds or
// nanoseconds, in either order of bytes.
var isPcap = begins("\xa1\xb2\xc3\xd4", "\xd4\xc3\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x4d\x3c\xb2\xa1")

// beginsAnew reports whether another file begins where a packet might: magic and
// version. As a packet's time it would be one of the year 2055.
func beginsAnew(head []byte) bool {
	return isPcap(head) && (bytes.HasSuffix(head, []byte{2, 0, 4, 0}) || bytes.HasSuffix(head, []byte{0, 2, 0, 4}))
}

// linkBits are those of a link type; what stands above them is about checksums.
const linkBits = 0xffff

func readPcap(in *bufio.Reader, r *reading) error {
	file, err := pcapgo.NewReader(in)
	if err != nil {
		return err
	}
	return readPackets(r, func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
		if beginsAnew(peeked(in, 8)) {
			if file, err = pcapgo.NewReader(in); err != nil {
				return nil, gopacket.CaptureInfo{}, 0, err
			}
		}
		data, info, err := file.ReadPacketData()
		return data, info, file.LinkType() & linkBits, err
	})
}

var isPcapNG = begins("\x0a\x0d\x0d\x0a")

func readPcapNG(in *bufio.Reader, r *reading) error {
	file, err := pcapgo.NewNgReader(&blocks{in: in, stats: r.stats}, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
	if err != nil {
		return err
	}
	return readPackets(r, func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
		data, info, err := file.ReadPacketData()
		if err != nil {
			return nil, info, 0, err
		}
		link, ok := info.AncillaryData[0].(layers.LinkType)
		if !ok {
			return nil, info, 0, errors.New("packet of no interface")
		}
		return data, info, link, nil
	})
}

// Types of blocks of pcapng (draft-ietf-opsawg-pcapng).
const (
	interfaceBlock = 1
	packetBlock    = 2 // obsolete
	simpleBlock    = 3
	enhancedBlock  = 6
	sectionBlock   = 0x0a0d0d0a
)

// largestBlock is the largest block that is taken, as Wireshark has it.
const largestBlock = 16 << 20

// blocks passes on the blocks of a pcapng file but for packets that cannot be
// read: of an interface that the file does not describe, or longer than their
// block. Such a packet would end the reading of all others.
type blocks struct {
	in         *bufio.Reader
	stats      *Stats
	order      binary.ByteOrder
	interfaces int
	number     int
	buf, rest  []byte
}

func (b *blocks) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if err := b.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// next reads a block.
func (b *blocks) next() error {
	b.number++
	head := peeked(b.in, 12)
	if len(head) == 0 {
		_, err := b.in.Peek(1)
		return err
	}
	if len(head) < 12 {
		return b.breaksOff("%d bytes", len(head))
	}
	if isPcapNG(head) {
		b.interfaces, b.order = 0, binary.LittleEndian
		if binary.BigEndian.Uint32(head[8:]) == 0x1a2b3c4d {
			b.order = binary.BigEndian
		}
	}
	kind, size := b.order.Uint32(head), b.order.Uint32(head[4:])
	if size < 12 || size%4 != 0 || size > largestBlock {
		return b.breaksOff("its length is %d", size)
	}
	if cap(b.buf) < int(size) {
		b.buf = make([]byte, size)
	}
	b.buf = b.buf[:size]
	if n, err := io.ReadFull(b.in, b.buf); err != nil {
		return b.breaksOff("%d of %d bytes", n, size)
	}
	if kind == interfaceBlock {
		b.interfaces++
	}
	if why := b.unreadable(kind); why != "" {
		b.stats.skip("packets "+why, "block %d", b.number)
		return nil
	}
	b.rest = b.buf
	return nil
}

// breaksOff counts the end of the file within a block.
func (b *blocks) breaksOff(format string, args ...any) error {
	b.stats.breaksOff("block %d: %s", b.number, fmt.Sprintf(format, args...))
	return io.EOF
}

// unreadable says why the packet of a block cannot be read, "" if it can or
// there is none.
func (b *blocks) unreadable(kind uint32) string {
	body := b.buf[8 : len(b.buf)-4]
	var of, captured int
	switch kind {
	case enhancedBlock, packetBlock:
		if len(body) < 20 {
			return "that are longer than their blocks"
		}
		of, captured = int(b.order.Uint32(body)), int(b.order.Uint32(body[12:]))
		if kind == packetBlock {
			of = int(b.order.Uint16(body))
		}
		body = body[20:]
	case simpleBlock:
		if len(body) < 4 {
			return "that are longer than their blocks"
		}
	default:
		return ""
	}
	switch {
	case of >= b.interfaces:
		return "of an interface that the file does not describe"
	case captured > len(body):
		return "that are longer than their blocks"
	}
	return ""
}
