package events

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
)

// file appends lines to a file, and to a new one where that was rotated away.
type file struct {
	certain
	path string
	at   *os.File // nil after a failure
}

// mode is that of a file that is not there yet: it tells what people asked for.
const mode = 0o600

func openFile(path string) (*file, error) {
	f := &file{path: path}
	return f, f.open()
}

// open opens the file. A pipe that nobody reads fails at once instead of waiting for
// somebody.
func (f *file) open() (err error) {
	f.at, err = os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY|syscall.O_NONBLOCK, mode)
	if err != nil {
		f.at = nil
		return err // it names the file
	}
	return nil
}

// same reports whether the file is still the one at its path.
func (f *file) same() bool {
	there, err := os.Stat(f.path)
	if err != nil {
		return false
	}
	open, err := f.at.Stat()
	return err == nil && os.SameFile(there, open)
}

func (f *file) send(ctx context.Context, _ *Event, text []byte) error {
	if f.at != nil && !f.same() {
		f.close()
	}
	if f.at == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	if deadline, ok := ctx.Deadline(); ok {
		f.at.SetWriteDeadline(deadline) // what has none is a file, and does not wait
	}
	n, err := f.at.Write(append(text, '\n'))
	f.at.SetWriteDeadline(time.Time{})
	if err == nil {
		return nil
	}
	err = fmt.Errorf("writing %s: %w", f.path, err)
	if n > 0 {
		f.undo(int64(n))
	}
	f.close()
	return err
}

// undo takes the beginning of a line back that had no room.
func (f *file) undo(n int64) {
	if open, err := f.at.Stat(); err == nil && open.Mode().IsRegular() {
		f.at.Truncate(open.Size() - n) // it fails where the next write does
	}
}

func (f *file) close() {
	if f.at != nil {
		f.at.Close()
		f.at = nil
	}
}
