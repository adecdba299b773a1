package test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

// told is what a test looks at of an event.
type told struct {
	Class    int `json:"class_uid"`
	Activity int `json:"activity_id"`
	Unmapped struct {
		Event, Mode, Flag, SLD, Client, Why string
	}
	Info struct{ UID, Title string } `json:"finding_info"`
}

// events are those in a file, each a whole line.
func events(t *testing.T, path string) (all []told) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // what is being written just now is no event yet
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var e told
		if err := json.Unmarshal(in.Bytes(), &e); err != nil || e.Class != 2004 {
			t.Fatalf("%s: error %v", in.Text(), err)
		}
		all = append(all, e)
	}
	return all
}

// Flags, their ends and spent budgets are told, over a reload, while another receiver
// stalls; a flag that nobody asks for ends in its time.
func TestEventsAreTold(t *testing.T) {
	sample := tunnel(t)
	zone, dir := sld(t, sample), t.TempDir()
	path, allow := filepath.Join(dir, "events.json"), filepath.Join(dir, "allow.txt")
	writeFile(t, allow, "# nothing yet\n")
	stalled, err := net.Listen("tcp", "127.0.0.1:0") // accepts nothing
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close()
	d, option := newDesk(t)
	config := fmt.Sprintf("notunnel {\n %s\n events %s\n events syslog+tls://%s\n allow %s\n budget 1KiB 8KiB\n}", option, path, stalled.Addr(), allow)
	f := start(t, config, sample.Answer)
	wait := func(what string, holds func(told) bool) (found told) {
		t.Helper()
		if err := lab.Wait(what, func() bool {
			for _, e := range events(t, path) {
				if holds(e) {
					found = e
					return true
				}
			}
			return false
		}); err != nil {
			t.Fatal(err)
		}
		return found
	}
	raised := func(client string) told {
		t.Helper()
		return wait("flag of "+client, func(e told) bool {
			return e.Activity == 1 && e.Unmapped.Event == "flagged" && e.Unmapped.Client == client && e.Unmapped.SLD == zone
		})
	}
	ended := func(e told, why string) {
		t.Helper()
		wait("end of "+e.Unmapped.Client, func(end told) bool {
			return end.Activity == 3 && end.Info.UID == e.Info.UID && end.Unmapped.Why == why
		})
	}
	replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError)
	first := raised("127.0.0.2")
	if got := d.flags(t)[0]["id"]; got != first.Unmapped.Flag {
		t.Errorf("flag %q is %q in the interface", first.Unmapped.Flag, got)
	}
	d.do(t, "DELETE", "flags/"+first.Unmapped.Flag, "")
	ended(first, "released")

	replay(t, f.from("127.0.0.3"), sample, dns.RcodeNameError)
	second := raised("127.0.0.3")
	f.write(t, config+"\n log") // the same options
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	f.write(t, "notunnel {\n block_for 3s"+config[len("notunnel {"):]) // others
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	replay(t, f.from("127.0.0.4"), sample, dns.RcodeNameError)
	third := raised("127.0.0.4")
	ended(third, "expired")
	ended(second, "expired")
	replay(t, f.from("127.0.0.5"), sample, dns.RcodeNameError)
	fourth := raised("127.0.0.5")
	writeFile(t, allow, zone+"\n")
	ended(fourth, "allowed")

	// Past half of what it may tell: from there on only known names go on.
	for i := range 150 {
		if i > 60 {
			i = i * i % 40
		}
		f.from("127.0.0.6").Ask(lab.Query(fmt.Sprintf("node-%d-%d.busy-app.com", i*7919, i*104729), dns.TypeA, true))
	}
	for _, share := range []string{"a quarter", "half"} {
		title := "busy-app.com: " + share + " of a day's budget of information is spent"
		wait(title, func(e told) bool { return e.Info.Title == title && e.Unmapped.Client == "127.0.0.6" })
		n := 0
		for _, e := range events(t, path) {
			if e.Info.Title == title {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%q is told %d times", title, n)
		}
	}
	f.healthy(t)
	m := f.scrape(t)
	if sent := m.Sum("coredns_notunnel_events_total", "receiver", "file", "result", "sent"); sent != float64(len(events(t, path))) {
		t.Errorf("%v events are counted as sent, %d are in the file", sent, len(events(t, path)))
	}
	if n := m.Sum("coredns_notunnel_events_total", "receiver", "syslog", "result", "sent"); n != 0 {
		t.Errorf("%v events are counted as sent to who takes none", n)
	}
	longest := 0
	if text, err := os.ReadFile(path); err == nil {
		for line := range bytes.Lines(text) {
			longest = max(longest, len(line))
		}
	}
	t.Logf("the longest event has %d bytes", longest)
	begin := time.Now()
	if err := f.Stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("the end took %v", took)
	}
	f.again(t)
}
