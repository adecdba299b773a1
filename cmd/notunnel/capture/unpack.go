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

// widestWindow is the most memory that a zstd file may ask for to be unpacked:
// what "zstd --long" writes.
const widestWindow = 128 << 20

// packings are the ways in which files are compressed, told by how they begin.
var packings = []struct {
	name, magic string
	open        func(io.Reader) (io.Reader, error)
}{
	{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"bzip2", "BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
	{"xz", "\xfd7zXZ\x00", func(r io.Reader) (io.Reader, error) {
		// as wide as the file asks for, which is touched only as far as it unpacks
		return xz.ReaderConfig{DictCap: lzma.MinDictCap}.NewReader(r)
	}},
	{"zstd", "\x28\xb5\x2f\xfd", func(r io.Reader) (io.Reader, error) {
		return zstd.NewReader(r, zstd.WithDecoderMaxWindow(widestWindow), zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(1))
	}},
	{"lz4", "\x04\x22\x4d\x18", func(r io.Reader) (io.Reader, error) { return lz4.NewReader(r), nil }},
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
