package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress is a file that is read, with a bar over its bytes.
type progress struct {
	file  *os.File
	name  string
	bar   *progressbar.ProgressBar // nil where nobody would see it
	done  func() int               // what was made of the file, nil if that is not counted
	begun time.Time
	said  time.Time
	first int // what was done before
}

// saidEach is how often the pace is told.
const saidEach = 500 * time.Millisecond

// fileProgress shows on a terminal how much of f is read, how long the rest will
// take, and how many queries a second are done.
func fileProgress(f *os.File, stderr io.Writer, done func() int) *progress {
	p := &progress{file: f, name: filepath.Base(f.Name()), done: done, begun: time.Now()}
	p.said = p.begun
	tty, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(tty.Fd())) {
		return p
	}
	size := int64(-1) // of a pipe: unknown
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	if done != nil {
		p.first = done()
	}
	p.bar = progressbar.NewOptions64(size,
		progressbar.OptionSetDescription(p.name),
		progressbar.OptionSetWriter(stderr),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
	return p
}

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.file.Read(b)
	if p.bar == nil {
		return n, err
	}
	if now := time.Now(); p.done != nil && now.Sub(p.said) > saidEach {
		p.said = now
		pace := float64(p.done()-p.first) / max(now.Sub(p.begun).Seconds(), 1e-3)
		p.bar.Describe(fmt.Sprintf("%s, %.0f queries/s", p.name, pace))
	}
	p.bar.Add(n)
	return n, err
}

func (p *progress) finish() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
