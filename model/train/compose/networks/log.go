package networks

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// begin is when logs begin: a Monday.
var begin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// write writes the network's log: what is looked up, in order, but for what a cache
// has.
func (n *network) write(path, source string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	zip, _ := gzip.NewWriterLevel(f, gzip.BestSpeed) // the level is a valid one
	out := bufio.NewWriterSize(zip, 1<<16)
	n.play(out, source)
	return errors.Join(out.Flush(), zip.Close(), f.Close())
}

// held is what a client's cache is asked for.
type held struct {
	client int32
	qtype  uint16
	name   string
}

func (n *network) play(out io.Writer, source string) {
	slices.SortStableFunc(n.lookups, func(a, b lookup) int { return cmp.Compare(a.at, b.at) })
	until := map[held]time.Duration{}
	for i := range n.lookups {
		l := &n.lookups[i]
		key := held{l.client, l.qtype, strings.ToLower(l.name)}
		if l.at < until[key] || l.at >= time.Duration(n.days)*24*time.Hour {
			continue
		}
		x := reply{rcode: unseen}
		if !l.lost {
			x = l.says(n.r, l.name, l.qtype, l.at)
			if n.caches[l.client] {
				until[key] = l.at + time.Duration(x.ttl)*time.Second
			}
		}
		if n.unlogged {
			x.rcode = unseen
		}
		at := begin.Add(l.at)
		fmt.Fprintf(out, "%d.%06d\t10.20.%d.%d\t%s\t%d\t%s\t%s\n", at.Unix(), at.Nanosecond()/1000, l.client>>8, l.client&255, l.name, l.qtype, x.text(), source)
	}
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// text is the log's columns rcode and answers.
func (x *reply) text() string {
	if x.rcode == unseen {
		return "-\t-"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d\t[", x.rcode)
	for i, rdata := range x.records {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `["%s", %d]`, escapes.Replace(rdata), x.ttl)
	}
	b.WriteByte(']')
	return b.String()
}
