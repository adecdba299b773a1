package main

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
)

// exchanged is an exchange of composed traffic.
type exchanged struct {
	at     time.Time
	client string
	id     uint16
	name   string // lower case, no dot at the end
	qtype  string
	rcode  string
	answer string // an address, or a text without spaces; "" if there is none
}

// mixedTraffic is that of three clients: a tunnel in TXT, one in A, and ordinary
// names, some of which do not exist.
func mixedTraffic() (all []exchanged) {
	random := rand.New(rand.NewPCG(1, 2))
	encoded := func(n int) string {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(data))
	}
	at := time.Date(2026, 2, 28, 23, 58, 0, 0, time.Local).Truncate(time.Second)
	add := func(client, name, qtype, rcode, answer string) {
		at = at.Add(time.Second)
		all = append(all, exchanged{at, client, uint16(random.Uint32()), name, qtype, rcode, answer})
	}
	hosts := []string{"www", "mail", "cdn", "api", "static", "login"}
	for i := range 60 {
		add("192.0.2.1", encoded(30)+".t.lab-mirror.net", "TXT", "NOERROR", encoded(10))
		add("2001:db8::2", encoded(25)+".x.lab-other.net", "A", "NOERROR", fmt.Sprintf("198.51.100.%d", i))
		host := hosts[random.IntN(len(hosts))]
		add("192.0.2.3", host+".example.org", "A", "NOERROR", "198.51.100.7")
		add("192.0.2.3", host+".example.org", "AAAA", "NOERROR", "2001:db8::7")
		if i%5 == 0 {
			add("192.0.2.1", "missing.example.org", "A", "NXDOMAIN", "")
		}
	}
	return all
}

// verdicts is what a report says of each pair, but for what hangs on the models'
// inner working.
func verdicts(t *testing.T, args ...string) map[string]string {
	t.Helper()
	pairs, summary := scanned(t, append([]string{"--all"}, args...)...)
	told := map[string]string{"summary": fmt.Sprint(summary["queries"], summary["slds"], summary["clients"], summary["windows"], summary["blocked_slds"], summary["malformed"], summary["truncated"])}
	for _, p := range pairs {
		told[fmt.Sprint(p["sld"], " ", p["client"])] = fmt.Sprint(p["verdict"], p["ground"], p["score"], p["queries"], p["first"], p["blocked_at"], p["leaked_queries"], p["up_bytes"], p["down_bytes"])
	}
	return told
}

func sameVerdicts(t *testing.T, got, want map[string]string) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			t.Errorf("%s: %s\nwant %s", key, got[key], want[key])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d pairs, want %d", len(got), len(want))
	}
}

// The same traffic in every form has the same windows and verdicts. Forms that
// tell less of replies are held against our own log with as little in it.
func TestEveryFormTellsTheSame(t *testing.T) {
	traffic := mixedTraffic()
	dir := t.TempDir()
	saved := func(name string, content []byte) string {
		path := filepath.Join(dir, strings.Map(func(r rune) rune {
			if r == '/' || r == ' ' {
				return '-'
			}
			return r
		}, name))
		write(t, path, string(content))
		// times without a year are of the year in which the file was written
		if err := os.Chtimes(path, traffic[0].at, traffic[len(traffic)-1].at); err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := map[string]map[string]string{}
	for _, says := range []string{"nothing", "rcode", "answers"} {
		want[says] = verdicts(t, saved("own-"+says, ownLog(traffic, says)))
		if s := want[says]["summary"]; !strings.Contains(s, "lab-mirror.net") || !strings.Contains(s, "lab-other.net") || strings.Contains(s, "example.org") {
			t.Fatalf("the traffic is none that tells verdicts apart: %s", s)
		}
	}
	seen := map[string]bool{"notunnel TSV": true, "systemd-resolved": true, "resolvectl monitor": true} // the last two below
	for _, w := range formWriters {
		seen[w.form] = true
		t.Run(w.form+" "+w.variant, func(t *testing.T) {
			says := w.says
			if says == "" {
				says = formNamed(t, w.form).Says
			}
			sameVerdicts(t, verdicts(t, append(w.args, saved(w.form+w.variant, w.write(t, traffic)))...), want[says])
		})
	}
	for _, f := range capture.Forms {
		if !seen[f.Name] {
			t.Errorf("no test writes %s", f.Name)
		}
	}
}

func formNamed(t *testing.T, name string) capture.Form {
	for _, f := range capture.Forms {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no form %s", name)
	panic("")
}

// What a machine's own resolver logs is of that machine.
func TestFormsOfOneMachine(t *testing.T) {
	traffic := mixedTraffic()
	dir := t.TempDir()
	var resolved, monitor, own, ownTimeless strings.Builder
	for _, e := range traffic {
		fmt.Fprintf(&resolved, "%s laptop systemd-resolved[7]: Looking up RR for %s IN %s.\n", e.at.Format("2006-01-02T15:04:05-0700"), e.name, e.qtype)
		fmt.Fprintf(&own, "%d\t-\t%s\t%s\t-\t[]\n", e.at.Unix(), e.name, e.qtype)
		state := map[string]any{"state": "success", "question": []any{map[string]any{"class": 1, "type": typeNumber(e.qtype), "name": e.name}}, "answer": []any{}}
		if e.answer != "" {
			state["answer"] = []any{map[string]any{"raw": wireRecord(t, e)}}
		} else {
			state["state"], state["rcode"] = "rcode-failure", 3
		}
		line, err := json.Marshal(state)
		if err != nil {
			t.Fatal(err)
		}
		monitor.Write(append(line, '\n'))
		fmt.Fprintf(&ownTimeless, "-\t-\t%s\t%s\t%s\t%s\n", e.name, e.qtype, e.rcode, ownAnswers(e))
	}
	for _, c := range []struct{ name, content, own, client string }{
		{"resolved.log", resolved.String(), own.String(), "host:laptop"},
		{"monitor.json", monitor.String(), ownTimeless.String(), "file:monitor.json"},
	} {
		path, ours := filepath.Join(dir, c.name), filepath.Join(dir, "own-"+c.name)
		write(t, path, c.content)
		write(t, ours, c.own)
		want := map[string]string{}
		for key, told := range verdicts(t, ours) {
			want[strings.ReplaceAll(key, "file:own-"+c.name, c.client)] = told
		}
		sameVerdicts(t, verdicts(t, path), want)
	}
}

// names is a visitor that writes down who asks for what.
type names struct{ asked []string }

func (n *names) Query(q *capture.Query) error {
	n.asked = append(n.asked, fmt.Sprint(q.Client, " ", strings.TrimSuffix(q.Name, "."), " ", q.Type))
	return nil
}

func (*names) Reply(*capture.Query, *dns.Msg) error { return nil }

// Records in use, of which the end is not written yet, tell what is whole: in
// every form, wherever they end.
func TestEveryFormCutAnywhere(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 16))
	traffic := mixedTraffic()[:110]
	for _, w := range formWriters {
		if len(w.args) > 0 {
			continue // columns: their own tests
		}
		t.Run(w.form+" "+w.variant, func(t *testing.T) {
			content := w.write(t, traffic)
			whole := &names{}
			if _, err := capture.ReadFrom(bytes.NewReader(content), "f", whole); err != nil || len(whole.asked) != len(traffic) {
				t.Fatalf("%v, %d queries", err, len(whole.asked))
			}
			for range 60 {
				n := len(content)/2 + random.IntN(len(content)/2)
				part := &names{}
				stats, err := capture.ReadFrom(bytes.NewReader(content[:n]), "f", part)
				// Of dates that nothing in half a log tells, the order may be another: not the queries.
				if err != nil || len(part.asked) > len(whole.asked) || !slices.Equal(part.asked, whole.asked[:len(part.asked)]) {
					t.Fatalf("cut at %d of %d: %v, %+v, %d queries, the last %s", n, len(content), err, stats, len(part.asked), part.asked[max(0, len(part.asked)-1):])
				}
				if stats.Truncated.N > 1 || stats.Malformed.N > 0 {
					t.Fatalf("cut at %d of %d: %+v", n, len(content), stats)
				}
				if fewest := len(traffic)*n/len(content) - 12; len(part.asked) < fewest {
					t.Fatalf("cut at %d of %d: %d queries, at least %d are whole", n, len(content), len(part.asked), fewest)
				}
			}
		})
	}
}
