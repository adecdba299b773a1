package capture

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"golang.org/x/text/encoding/unicode"
)

// packers compress as the programs do that rotate logs. There is none for bzip2
// here: see TestBzip2.
var packers = map[string]func(io.Writer) (io.WriteCloser, error){
	"xz":   func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
	"zstd": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	"lz4":  func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil },
}

func packedBy(t testing.TB, name string, content []byte) []byte {
	t.Helper()
	if name == "gzip" {
		return zipped(content)
	}
	var b bytes.Buffer
	w, err := packers[name](&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Whatever a file is packed with, it reads as it would unpacked: whole, put
// together of several, packed twice, and up to where it is cut or broken.
func TestPacked(t *testing.T) {
	var content []byte
	for i := range 3000 {
		content = fmt.Appendf(content, "%d\t192.0.2.1\ta%x.example.net\t1\t-\t-\n", 1700000000+i, i*i*7919)
	}
	whole, _ := read(t, content)
	for _, name := range []string{"gzip", "xz", "zstd", "lz4"} {
		t.Run(name, func(t *testing.T) {
			packed := packedBy(t, name, content)
			lines, stats := read(t, packed)
			want(t, lines, whole...)
			if stats.Truncated.N != 0 {
				t.Errorf("%+v", stats)
			}
			half := bytes.IndexByte(content[len(content)/2:], '\n') + len(content)/2 + 1
			lines, _ = read(t, append(packedBy(t, name, content[:half]), packedBy(t, name, content[half:])...))
			want(t, lines, whole...)
			lines, _ = read(t, zipped(packed))
			want(t, lines, whole...)

			lines, stats = read(t, packed[:len(packed)-8])
			if stats.Truncated.N != 1 || len(lines) > len(whole) || !strings.HasPrefix(stats.Truncated.First, name+" stream: ") {
				t.Errorf("cut: %d lines, %+v", len(lines), stats.Truncated)
			}
			broken := append(bytes.Clone(packedBy(t, name, content[:half])), packed...)
			broken[len(broken)-len(packed)/2] ^= 0xff
			if lines, stats = read(t, broken); stats.Truncated.N != 1 || len(lines) < len(whole)/2 {
				t.Errorf("broken in its second half: %d of %d lines, %+v", len(lines), len(whole), stats.Truncated)
			}
		})
	}
}

func TestBzip2(t *testing.T) {
	// logged1, by bzip2
	const packed = "QlpoOTFBWSZTWf3qWNMAAA/bgAQwUAVzoAAKIgdEQCAAVFAGgNNDEGpP1NQ0epk3qajRvTLznf57qvcqBziGsgREM2Dz0GlCOgtsnK8yCk9eA74u5IpwoSH71LGm"
	content, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		t.Fatal(err)
	}
	plain, _ := read(t, []byte(logged1))
	lines, _ := read(t, content)
	want(t, lines, plain...)
	lines, _ = read(t, append(content, content...))
	want(t, lines, append(plain, plain...)...)
}

// Byte-order marks, and UTF-16 as PowerShell redirects it.
func TestByteOrderMarks(t *testing.T) {
	plain, _ := read(t, []byte(logged1))
	for _, order := range []unicode.Endianness{unicode.LittleEndian, unicode.BigEndian} {
		wide, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().String(logged1)
		if err != nil {
			t.Fatal(err)
		}
		for _, content := range []string{"\xef\xbb\xbf" + logged1, wide, string(zipped([]byte(wide)))} {
			lines, _ := read(t, []byte(content))
			want(t, lines, plain...)
		}
	}
}

// A file does not get all the memory that it asks for.
func TestWideDictionaries(t *testing.T) {
	packed := packedBy(t, "xz", []byte(logged1))
	const properties = 12 + 2 + 2 // behind the heads of stream and block, and the filter's number
	if n := xzDictionary(packed); n != 8<<20 {
		t.Fatalf("the library's own dictionary is %d", n)
	}
	packed[properties] = 40
	_, err := ReadFrom(bytes.NewReader(packed), "f", &record{})
	if err == nil || !strings.HasPrefix(err.Error(), "f: xz: it needs 4096 MiB") {
		t.Errorf("error %v", err)
	}
}
