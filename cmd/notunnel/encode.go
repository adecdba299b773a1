package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/notunnel/notunnel/model/autoencoder"
	"github.com/notunnel/notunnel/plugin/escape"
)

// runEncode is "notunnel encode": it turns files of prefixes, one a line in
// presentation form, into the array of ids that the autoencoder is trained on.
// The trainer thus sees exactly the bytes that serving sees.
func runEncode(args []string, stdout, stderr io.Writer) int {
	c := newCommandLine("encode", "[-o OUT.npy] [--without FILE] FILE...",
		"FILE holds one prefix a line, plain or gzip; empty lines are skipped.")
	c.files = true
	out := c.StringP("out", "o", "prefixes.npy", "array to write: uint8 [N,64], 0 pads")
	without := c.String("without", "", "file of prefixes to leave out, kept for validation")
	return c.run(args, stdout, stderr, func(files []string) error {
		return encodeFiles(*out, *without, files, stderr)
	})
}

// encodeFiles writes the prefixes of the named files, but for those of the file
// without, to a new array at path. After an error no array is left there.
func encodeFiles(path, without string, names []string, stderr io.Writer) (err error) {
	left := map[string]bool{}
	if without != "" {
		if err := readPrefixes(without, stderr, func(prefix []byte) error {
			left[string(prefix)] = true
			return nil
		}); err != nil {
			return err
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			os.Remove(path)
		}
	}()
	npy, err := newNpyWriter(f, autoencoder.MaxLen)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var row [autoencoder.MaxLen]uint8
	for _, name := range names {
		if err := readPrefixes(name, stderr, func(prefix []byte) error {
			if left[string(prefix)] || autoencoder.Encode(&row, prefix) == 0 {
				return nil
			}
			return npy.write(row[:])
		}); err != nil {
			return err
		}
	}
	if err := npy.finish(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(stderr, "%s: %d prefixes\n", path, npy.rows)
	return nil
}

// readPrefixes calls visit with each prefix of a file, unescaped. Errors name
// file and line.
func readPrefixes(name string, stderr io.Writer, visit func(prefix []byte) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	progress := fileProgress(f, stderr, nil)
	defer progress.finish()
	in := bufio.NewReader(progress)
	var r io.Reader = in
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		if r, err = gzip.NewReader(in); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	line := 0
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line++
		prefix, err := unescape(lines.Bytes())
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, line, err)
		}
		if err := visit(prefix); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", name, line+1, err)
	}
	return nil
}

// unescape decodes the escapes of a prefix in place.
func unescape(s []byte) ([]byte, error) {
	out := s[:0]
	for i := 0; i < len(s); {
		c, next, err := escape.Next(s, i)
		if err != nil {
			return nil, fmt.Errorf("%q at byte %d: %w", s[i:], i+1, err)
		}
		out = append(out, c)
		i = next
	}
	return out, nil
}
