package capture

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// widestWindow is the most memory that a file may ask for to be unpacked: what
// "zstd --long" writes, and twice what "xz -9" does.
const widestWindow = 128 << 20

// packings are the ways in which files are compressed, told by how they begin.
var packings = []struct {
	name, magic string
	open        func(*bufio.Reader) (io.Reader, error)
}{
	{"gzip", "\x1f\x8b", func(r *bufio.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"bzip2", "BZh", func(r *bufio.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
	{"xz", "\xfd7zXZ\x00", func(r *bufio.Reader) (io.Reader, error) {
		if n := xzDictionary(peeked(r, 64)); n > widestWindow {
			return nil, fmt.Errorf("it needs %d MiB to be unpacked, %d at most are given", n>>20, widestWindow>>20)
		}
		return xz.ReaderConfig{DictCap: lzma.MinDictCap}.NewReader(r)
	}},
	{"zstd", "\x28\xb5\x2f\xfd", func(r *bufio.Reader) (io.Reader, error) {
		return zstd.NewReader(r, zstd.WithDecoderMaxWindow(widestWindow), zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(1))
	}},
	{"lz4", "\x04\x22\x4d\x18", func(r *bufio.Reader) (io.Reader, error) { return lz4.NewReader(r), nil }},
}

// xzDictionary is how much memory the first block of an xz file asks for (The .xz
// File Format, sections 3.1 and 5.3.1), 0 if it cannot be told.
func xzDictionary(head []byte) int64 {
	const streamHeader = 12
	if len(head) < streamHeader+2 {
		return 0
	}
	flags, rest := head[streamHeader+1], head[streamHeader+2:]
	for _, hasSize := range []bool{flags&0x40 != 0, flags&0x80 != 0} {
		for more := hasSize; more; rest = rest[1:] { // seven bits a byte
			if len(rest) == 0 {
				return 0
			}
			more = rest[0]&0x80 != 0
		}
	}
	const lzma2 = 0x21
	if len(rest) < 3 || rest[0] != lzma2 || rest[2] > 40 {
		return 0
	}
	return int64(2|rest[2]&1) << (rest[2]/2 + 11)
}

// deepest is how often a file may be packed: a log that was rotated and then
// put away. A file that unpacks to itself must end.
const deepest = 2

// unpacked is the content of a file: unpacked, in UTF-8, without a byte-order
// mark.
func unpacked(r io.Reader, stats *Stats) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, sniffed)
	for range deepest {
		head := peeked(in, 8)
		for _, p := range packings {
			if !bytes.HasPrefix(head, []byte(p.magic)) {
				continue
			}
			z, err := p.open(in)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			in = bufio.NewReaderSize(&tail{r: z, name: p.name, stats: stats}, sniffed)
			break
		}
	}
	switch head := peeked(in, 3); {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		in.Discard(3)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")): // as PowerShell writes
		decoder := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
		in = bufio.NewReaderSize(transform.NewReader(in, decoder), sniffed)
	}
	return in, nil
}

// tail counts a packed stream that ends early, or is broken from somewhere on,
// as truncated, and then ends it: what came before counts.
type tail struct {
	r     io.Reader
	name  string
	stats *Stats
	told  bool // something came before
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.told = t.told || n > 0
	if err != nil && err != io.EOF && (t.told || errors.Is(err, io.ErrUnexpectedEOF)) {
		t.stats.breaksOff("%s stream: %v", t.name, err)
		err = io.EOF
	}
	return n, err
}
