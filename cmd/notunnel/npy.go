package main

import (
	"bufio"
	"fmt"
	"io"
)

// npyWriter streams a NumPy array of uint8 rows (format version 1.0,
// numpy.lib.format). The count of rows stands in the header, so it is written
// again at the end.
type npyWriter struct {
	dst  io.WriteSeeker
	buf  *bufio.Writer
	cols int
	rows int
}

// npyHeaderLen keeps the data aligned to 64 bytes, as the format asks.
const npyHeaderLen = 128

func newNpyWriter(dst io.WriteSeeker, cols int) (*npyWriter, error) {
	w := &npyWriter{dst: dst, buf: bufio.NewWriterSize(dst, 1<<16), cols: cols}
	return w, w.header()
}

func (w *npyWriter) header() error {
	dict := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d), }", w.rows, w.cols)
	const fixed = 10 // magic, version, length of what follows
	_, err := fmt.Fprintf(w.buf, "\x93NUMPY\x01\x00%c\x00%-*s\n", npyHeaderLen-fixed, npyHeaderLen-fixed-1, dict)
	return err
}

// write appends one row of cols ids.
func (w *npyWriter) write(row []uint8) error {
	w.rows++
	_, err := w.buf.Write(row)
	return err
}

// finish writes what is buffered and the header with the final count.
func (w *npyWriter) finish() error {
	if err := w.buf.Flush(); err != nil {
		return err
	}
	if _, err := w.dst.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := w.header(); err != nil {
		return err
	}
	return w.buf.Flush()
}
