package flags

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// Opinion is what a person thinks of a flag.
type Opinion string

const (
	True   Opinion = "true"   // a tunnel
	False  Opinion = "false"  // none
	Unsure Opinion = "unsure" // not known yet
)

// Mark is what a person says of a flag.
type Mark struct {
	Flag     Flag // as it was then
	Opinion  Opinion
	Note     string
	Everyone bool // what it is about is blocked for every client
	At       time.Time
}

// maxNote is the longest note, in bytes.
const maxNote = 4 << 10

// Check says in a sentence what is wrong with a mark.
func (m *Mark) Check() error {
	switch {
	case m.Opinion != True && m.Opinion != False && m.Opinion != Unsure:
		return fmt.Errorf("mark %q is neither true, false nor unsure", m.Opinion)
	case m.Everyone && m.Opinion != True:
		return errors.New("only what is marked true can be blocked for everyone")
	case len(m.Note) > maxNote || !utf8.ValidString(m.Note):
		return fmt.Errorf("the note is no text of at most %d bytes", maxNote)
	}
	return nil
}

// Marks are those that were set, by the flag's ID. They outlive the flags. Safe for
// concurrent use; the zero value has none.
type Marks struct {
	mu   sync.Mutex
	byID map[uint64]Mark
}

// maxMarks is how many marks are kept, the newest and those for everyone.
const maxMarks = 4096

var errManyMarks = errors.New("there are 4096 flags confirmed for everyone: release some, or put their domains into a deny file")

// Set sets a mark, in place of the flag's mark from before.
func (m *Marks) Set(mark Mark) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byID == nil {
		m.byID = map[uint64]Mark{}
	}
	if _, known := m.byID[mark.Flag.ID]; !known && len(m.byID) >= maxMarks && !m.dropOldest() {
		return errManyMarks
	}
	m.byID[mark.Flag.ID] = mark
	return nil
}

// dropOldest makes room. It returns false if all marks are for everyone.
func (m *Marks) dropOldest() bool {
	var oldest *Mark
	for _, mark := range m.byID {
		if !mark.Everyone && (oldest == nil || mark.At.Before(oldest.At)) {
			oldest = &mark
		}
	}
	if oldest == nil {
		return false
	}
	delete(m.byID, oldest.Flag.ID)
	return true
}

// Of is the mark of a flag.
func (m *Marks) Of(id uint64) (mark Mark, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mark, ok = m.byID[id]
	return mark, ok
}

// All are the marks, the oldest first.
func (m *Marks) All() []Mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Mark, 0, len(m.byID))
	for _, mark := range m.byID {
		all = append(all, mark)
	}
	slices.SortFunc(all, func(a, b Mark) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Flag.ID, b.Flag.ID)) })
	return all
}
