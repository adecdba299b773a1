package state

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// form is what a file is: the first word of its first line, and the version that this
// build writes and reads.
type form struct {
	name    string
	version int
}

var (
	stateForm = form{name: "notunnel-state", version: 2}
	meterForm = form{name: "notunnel-meters", version: 1}
)

// head is the first line of a file whose rest has that digest. It is of the same length
// for all.
func (f form) head(sum []byte) string {
	return fmt.Sprintf("%s %d %s\n", f.name, f.version, hex.EncodeToString(sum))
}

// What can be wrong with a file.
var (
	errForeign = errors.New("it is not a file of notunnel's state")
	errCorrupt = errors.New("it is damaged: its content is not what it was written with")
)

// read returns what was written, or says what is wrong with the file.
func (f form) read(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	head, rest, _ := bytes.Cut(data, []byte("\n"))
	fields := strings.Fields(string(head[:min(len(head), 200)]))
	switch {
	case len(fields) == 0 || fields[0] != f.name:
		return nil, errForeign
	case len(fields) != 3:
		return nil, errCorrupt
	case fields[1] != fmt.Sprint(f.version):
		return nil, fmt.Errorf("it is of version %.20q, and this build reads %d", fields[1], f.version)
	}
	if sum := sha256.Sum256(rest); hex.EncodeToString(sum[:]) != fields[2] {
		return nil, errCorrupt
	}
	return rest, nil
}

// write puts a file in the place of another one, so that whatever happens one of them is
// there and whole. Only its owner can read it: it has a key, and names that people asked
// for.
func (f form) write(path string, content func(io.Writer) error) (err error) {
	// One writer a file, so that the name is free but for what a crash has left.
	temporary := path + ".tmp"
	file, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(temporary)
		}
	}()
	if err := file.Chmod(0o600); err != nil {
		return err
	}
	if err := f.fill(file, content); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// fill writes the content and then, in the room left for it, the line before it.
func (f form) fill(file *os.File, content func(io.Writer) error) error {
	sum := sha256.New()
	head := f.head(sum.Sum(nil))
	buffered := bufio.NewWriterSize(file, 64<<10)
	buffered.WriteString(head)
	if err := content(io.MultiWriter(buffered, sum)); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(f.head(sum.Sum(nil))), 0)
	return err
}

// syncFolder makes a rename last.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" { // folders cannot be synced there
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// setAside renames a file that is of no use, and returns its new name.
func setAside(path string) (string, error) {
	aside := path + ".aside-" + time.Now().UTC().Format("20060102T150405.000Z")
	return aside, os.Rename(path, aside)
}
