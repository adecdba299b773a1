package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/plugin/split"
)

// exchange is a query and what was replied, "" for no reply.
type exchange struct {
	client, name, sld, family string
	qtype                     uint16
	at                        float64
	answers                   []dns.RR
	replied                   bool
}

// exchanges are those of a log.
type exchanges struct {
	all  []*exchange
	name split.Name
}

func (e *exchanges) Query(q *capture.Query) error {
	e.name.Parse(q.Name)
	x := &exchange{client: q.Client.String(), name: q.Name, sld: string(e.name.SLD()), family: strings.TrimPrefix(q.Source, "composed-"), qtype: q.Type, at: float64(q.At.UnixMicro()) / 1e6}
	e.all = append(e.all, x)
	q.Data = x
	return nil
}

func (e *exchanges) Reply(q *capture.Query, m *dns.Msg) error {
	x := q.Data.(*exchange)
	x.answers, x.replied = m.Answer, true
	return nil
}

// composed composes a small world and reads the logs of a pattern, each client's
// queries by themselves.
func composed(t *testing.T, dir, pattern string) (clients [][]*exchange) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(logs) == 0 {
		t.Fatalf("%s: %d logs, %v", pattern, len(logs), err)
	}
	for _, log := range logs {
		var e exchanges
		if _, err := capture.Read(log, &e); err != nil {
			t.Fatal(err)
		}
		of := map[string]int{}
		for _, x := range e.all {
			i, ok := of[x.client]
			if !ok {
				i = len(clients)
				of[x.client], clients = i, append(clients, nil)
			}
			clients[i] = append(clients[i], x)
		}
	}
	return clients
}

func composeSmall(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := compose(names(t), dir, 3, 12, 1, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Downloads ask for next to nothing and are told a lot, by records of the type that
// they ask for; asked again, a piece is the same.
func TestDownloads(t *testing.T) {
	dir := composeSmall(t)
	for _, c := range composed(t, dir, "tunnel-download-[antb]*") {
		pieces := map[string]string{}
		replied := 0
		for _, x := range c {
			if !x.replied {
				continue
			}
			replied++
			text := ""
			for _, rr := range x.answers {
				if rr.Header().Rrtype != x.qtype {
					t.Errorf("%s, type %d: reply %v", x.name, x.qtype, rr)
				}
				text += rr.String()
			}
			if text == "" || pieces[x.name] != "" && pieces[x.name] != text {
				t.Errorf("%s, %s: replies %q and %q", x.family, x.name, pieces[x.name], text)
			}
			pieces[x.name] = text
		}
		different := map[string]bool{}
		for _, text := range pieces {
			different[text] = true
		}
		if len(pieces) < 6 || 2*replied < len(c) || len(different) < len(pieces)*9/10 {
			t.Errorf("%s: %d names and %d pieces by %d replies to %d queries", c[0].family, len(pieces), len(different), replied, len(c))
		}
	}
	for _, c := range composed(t, dir, "tunnel-download-polled-*") {
		names, replies := map[string]bool{}, map[string]bool{}
		for _, x := range c {
			names[x.name] = true
			for _, rr := range x.answers {
				replies[rr.String()] = true
			}
		}
		if len(names) > 3 || len(replies) < 2 {
			t.Errorf("polled: %d names, %d replies", len(names), len(replies))
		}
	}
}

// A rotation is one client's over all its SLDs, and only its own rows are a
// tunnel's.
func TestRotations(t *testing.T) {
	dir := composeSmall(t)
	beside := 0
	for _, c := range composed(t, dir, "tunnel-rotation-*") {
		slds, ordinary := map[string]bool{}, 0
		for _, x := range c {
			if strings.HasPrefix(x.family, "tunnel-rotation") {
				slds[x.sld] = true
			} else {
				ordinary++
			}
		}
		if len(slds) > 20 || len(slds) < 1 {
			t.Errorf("a rotation over %d SLDs", len(slds))
		}
		if ordinary > 0 {
			beside++
		}
	}
	if beside == 0 {
		t.Error("no rotation runs among ordinary names")
	}
}

// What whole clients ask for below many SLDs is in the order of time.
func TestWholeClients(t *testing.T) {
	dir := composeSmall(t)
	for _, log := range []string{"clients", "clients-services", "clients-forwarder", "mail-server", "crawler", "scanned", "tracker"} {
		interleaved := false
		for _, c := range composed(t, dir, "benign-"+log+".tsv.gz") {
			slds, left := map[string]bool{}, map[string]bool{}
			replied := false
			for i, x := range c {
				if i > 0 && x.at < c[i-1].at {
					t.Fatalf("%s: %s at %f after %f", log, x.name, x.at, c[i-1].at)
				}
				if i > 0 && x.sld != c[i-1].sld {
					left[c[i-1].sld] = true
					interleaved = interleaved || left[x.sld]
				}
				slds[x.sld] = true
				replied = replied || x.replied
			}
			if len(slds) < 4 {
				t.Errorf("%s: a client of %d SLDs", log, len(slds))
			}
		}
		if !interleaved {
			t.Errorf("%s: one SLD after the other", log)
		}
	}
}

// A quarter of the clients is logged without replies; but no download, of which
// nothing would be left.
func TestUnlogged(t *testing.T) {
	all, without := 0, 0
	dir := composeSmall(t)
	for _, c := range composed(t, dir, "*.tsv.gz") {
		replied := false
		for _, x := range c {
			replied = replied || x.replied
		}
		if all++; !replied {
			without++
			if strings.HasPrefix(c[0].family, "tunnel-download") {
				t.Errorf("%s without a reply", c[0].family)
			}
		}
	}
	if share := float64(without) / float64(all); share < 0.2 || share > 0.35 {
		t.Errorf("%d of %d clients are without replies", without, all)
	}
}

// Every log is the same for the same seed.
func TestAllLogsDeterministic(t *testing.T) {
	from := names(t)
	var dirs [2]string
	for i := range dirs {
		dirs[i] = t.TempDir()
		if err := compose(from, dirs[i], 5, 2, 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	logs, err := os.ReadDir(dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range logs {
		a, errA := os.ReadFile(filepath.Join(dirs[0], log.Name()))
		b, errB := os.ReadFile(filepath.Join(dirs[1], log.Name()))
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s differs", log.Name())
		}
	}
}
