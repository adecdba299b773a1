package verdict

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/domain"
	"github.com/notunnel/notunnel/plugin/split"
)

// AddFile adds the entries of a file: a plain list of domains, a hosts file or a
// response policy zone (draft-vixie-dnsop-dns-rpz). In the first two # begins a comment.
// A domain of a plain list covers what is below it, too; hosts and owners of a policy
// zone match exactly, and *.x what is below x. The error names file and line.
func (b *DenyBuilder) AddFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("deny list: %w", err)
	}
	defer f.Close()
	if err := b.read(f, path); err != nil {
		return fmt.Errorf("deny list: %w", err)
	}
	return nil
}

func (b *DenyBuilder) read(r io.Reader, path string) error {
	text := bufio.NewReaderSize(r, sniffed)
	// What Peek says besides, the next read says again.
	if begin, _ := text.Peek(sniffed); isZone(begin) {
		return b.readZone(text, path)
	}
	return domain.ReadLines(text, path, func(line, _ string) error { return b.addLine(line) })
}

// sniffed is how much of a file tells what it is.
const sniffed = 64 << 10

// isZone reports whether a file that begins so is a zone file: by the first line that is
// no comment.
func isZone(begin []byte) bool {
	for line := range bytes.Lines(begin) {
		text := strings.TrimSpace(string(line))
		switch {
		case text == "" || text[0] == '#' || text[0] == ';':
			continue
		case text[0] == '$' || text[0] == '@':
			return true
		}
		for _, field := range strings.Fields(text)[1:] {
			switch strings.ToUpper(field) {
			case "IN", "SOA", "CNAME", "NS":
				return true
			}
		}
		return false
	}
	return false
}

var errNoSOA = errors.New("a response policy zone begins with its SOA record")

// readZone adds what a response policy zone says of names.
func (b *DenyBuilder) readZone(r io.Reader, path string) error {
	zone := dns.NewZoneParser(r, ".", path)
	apex := ""
	for rr, ok := zone.Next(); ok; rr, ok = zone.Next() {
		owner := strings.ToLower(rr.Header().Name)
		if _, is := rr.(*dns.SOA); is {
			apex = owner
			continue
		}
		if apex == "" {
			return fmt.Errorf("%s: %w: %q comes before it", path, errNoSOA, owner)
		}
		if owner != apex { // NS and the like of the zone itself
			b.addTrigger(owner, apex, rr)
		}
	}
	if err := zone.Err(); err != nil {
		return err // it names the file
	}
	if apex == "" {
		return fmt.Errorf("%s: %w", path, errNoSOA)
	}
	return nil
}

// addTrigger adds what a record of a policy zone says, if that is to block names or to
// leave them alone.
func (b *DenyBuilder) addTrigger(owner, apex string, rr dns.RR) {
	trigger := strings.TrimSuffix(strings.TrimSuffix(owner, "."), strings.TrimSuffix("."+apex, "."))
	last := trigger[strings.LastIndexByte(trigger, '.')+1:]
	if !dns.IsSubDomain(apex, owner) || strings.HasPrefix(last, "rpz-") {
		b.leftOut.Triggers++
		return
	}
	r := itself
	if under, ok := strings.CutPrefix(trigger, "*."); ok {
		trigger, r = under, below
	}
	var name split.Name
	alias, ok := rr.(*dns.CNAME)
	if !ok || trigger == "*" || name.Parse(trigger) == split.Malformed || len(name.Full()) == 0 {
		b.leftOut.Actions++
		return
	}
	switch target := strings.ToLower(alias.Target); target {
	case ".", "*.", "rpz-drop.":
		b.deny(string(name.Full()), r)
	case "rpz-passthru.", trigger + ".": // the latter by the first draft
		b.passed.add(name.Full(), r)
	default:
		b.leftOut.Actions++
	}
}
