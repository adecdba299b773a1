package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// passedOf counts the queries of a client below an SLD that passed, and all of them.
func passedOf(log []composed, passed []bool, client, sld string) (some, all int) {
	for i := range log {
		if log[i].client == client && log[i].sld == sld {
			all++
			if passed[i] {
				some++
			}
		}
	}
	return some, all
}

// What others ask for below an SLD, and what a client has spent elsewhere without a
// limit of its own, refuses nobody else anything.
func TestSpendingRefusesNobodyElse(t *testing.T) {
	const sld, mine, theirs = "shop-lab.net", "10.0.7.1", "10.0.7.2"
	ordinary := func(r *rand.Rand, i int, sld string) composed {
		names := []string{"www", "img", "api", "login", "static"}
		return composed{name: names[i%5] + "." + sld, answers: replies(fmt.Sprintf("192.0.2.%d", i%5))}
	}
	tunnel := func(r *rand.Rand, _ int, sld string) composed {
		return composed{name: hexOf(r, 20) + "." + sld, qtype: "TXT", answers: replies(base64Of(r, 100))}
	}
	var log []composed
	add := func(client, sld string, seed uint64, write way) {
		log = append(log, drip(client, sld, 20*time.Second, 24*time.Hour, seed, write)...)
	}
	add(mine, sld, 1, ordinary)
	add(theirs, sld, 2, tunnel)
	add(theirs, "other-lab.net", 3, ordinary)
	for i := range 20 { // more who frame
		add(fmt.Sprintf("10.0.8.%d", i), sld, uint64(10+i), tunnel)
	}
	passed := passes(t, log, "--budget", "1KiB,8KiB")
	if some, all := passedOf(log, passed, mine, sld); some != all {
		t.Errorf("%d of %d queries of a client pass that others frame", some, all)
	}
	if some, all := passedOf(log, passed, theirs, "other-lab.net"); some != all {
		t.Errorf("%d of %d queries to another SLD pass", some, all)
	}
	if some, all := passedOf(log, passed, theirs, sld); some > all/20 {
		t.Errorf("%d of %d queries of the tunnel pass", some, all)
	}
}

// Records that are many or random by trade pass at any dial.
func TestBenignRepliesPass(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	var log []composed
	at := time.Duration(0)
	ask := func(sld, name, qtype string, records ...string) {
		at += 5 * time.Second
		log = append(log, composed{at: at, client: "10.0.9.1", sld: sld, name: name, qtype: qtype, answers: replies(records...)})
	}
	for i := range 300 {
		sld := fmt.Sprintf("sender%d-lab.net", i)
		ask(sld, sld, "TXT", "v=spf1 include:_spf."+sld+" include:mail.zendesk.com ip4:192.0.2.0/24 -all", "google-site-verification="+base64Of(r, 32))
		ask(sld, "s1._domainkey."+sld, "TXT", "v=DKIM1; k=rsa; p="+base64Of(r, 290))
		ask(sld, "_dmarc."+sld, "TXT", "v=DMARC1; p=reject; rua=mailto:dmarc@"+sld)
		ask(sld, "_acme-challenge."+sld, "TXT", base64Of(r, 32))
		ask(sld, sld, "MX", "10 mx1."+sld, "20 mx2."+sld)
	}
	for range 2000 { // a popular SLD that rotates
		var all []string
		for range 4 {
			all = append(all, fmt.Sprintf("23.%d.%d.%d", r.IntN(4), r.IntN(16), r.IntN(256)))
		}
		ask("google.com", "cdn.google.com", "A", all...)
	}
	for i, passed := range passes(t, log, "--budget", "1KiB,8KiB") {
		if !passed {
			t.Errorf("%s %s is blocked", log[i].name, log[i].qtype)
		}
	}
	// What a mail server asks of one domain costs some 30 bytes, of which 16 are
	// free: a client's sum of 1 KiB is for those that are exempt.
	for i, passed := range passes(t, log, "--budget", oneKiB) {
		if !passed {
			t.Logf("with a client's sum of 1 KiB the first that is refused is %s %s", log[i].name, log[i].qtype)
			break
		}
	}
}

// Sums reach over parts of four hours and over midnight, and end after a day.
func TestSpentBudgetsLastADay(t *testing.T) {
	const client, sld = "10.0.7.9", "days-lab.net"
	write := func(r *rand.Rand, _ int, sld string) composed { return below(hexOf(r, 20), sld, 160) }
	for _, c := range []struct {
		name        string
		first, then time.Duration
		again       bool // something passes again
	}{
		{"the end of a part and the next", 3*time.Hour + 58*time.Minute, 4*time.Hour + 2*time.Minute, false},
		{"across midnight", 23*time.Hour + 58*time.Minute, 24*time.Hour + 2*time.Minute, false},
		{"almost a day later", 3*time.Hour + 58*time.Minute, 27*time.Hour + 50*time.Minute, false},
		{"24 hours and a minute, from the start of a part", 4*time.Hour + time.Second, 28*time.Hour + 2*time.Minute, false}, // may take until 28 h
		{"28 hours later", 4*time.Hour + time.Second, 32*time.Hour + 5*time.Minute, true},
		{"a week later", time.Hour, 170 * time.Hour, true},
	} {
		log := drip(client, sld, time.Second, 100*time.Second, 1, write)
		late := drip(client, sld, time.Second, 100*time.Second, 2, write)
		for i := range log {
			log[i].at += c.first
			late[i].at += c.then
		}
		log = append(log, late...)
		passed := passes(t, log, "--budget", oneKiB, "--threshold", "1")
		l := leaksOf(log, passed, byPair)
		if got := fullest(l.up); got > 1<<10 || got < 300 {
			t.Errorf("%s: %.0f bytes in a day", c.name, got)
		}
		n := 0
		for i := range log {
			if passed[i] && log[i].at >= c.then {
				n++
			}
		}
		if n > 3 != c.again {
			t.Errorf("%s: %d of 100 queries pass again", c.name, n)
		}
	}
}

// A recorded clock that goes back grants nothing.
func TestClockThatGoesBackGrantsNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var text strings.Builder
	for i := range 2000 {
		at := logBegin.Unix() + int64(i)
		if i%2 == 1 {
			at -= 30 * 86400
		}
		fmt.Fprintf(&text, "%d\t10.0.7.3\t%s.back-lab.net\tA\t0\t[]\n", at, hexOf(r, 20))
	}
	path := filepath.Join(t.TempDir(), "back.tsv")
	write(t, path, text.String())
	pairs, _ := scanned(t, "--budget", oneKiB, "--threshold", "1", path)
	if len(pairs) != 1 || pairs[0]["up_bytes"].(float64) > 1<<10 || pairs[0]["ground"] != "budget" {
		t.Errorf("%v", pairs)
	}
}

func TestBadBudgetsAndLists(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	log := file("log.tsv", []byte("1\t10.0.0.1\twww.fine-lab.net\tA\t0\t[]\n"))
	for _, c := range []struct {
		option, value, wantErr string // none: it is taken
	}{
		{"--budget", "off", ""},
		{"--budget", "1KiB,8KiB", ""},
		{"--budget", "1KiB,8KiB,1KiB", ""},
		{"--budget", "1B,1B,1B", ""},
		{"--budget", "1MiB,1MiB", ""},
		{"--budget", "1KiB", "UP DOWN [CLIENT]"},
		{"--budget", "", "UP DOWN [CLIENT]"},
		{"--budget", "1KiB,1KiB,1KiB,1KiB", "UP DOWN [CLIENT]"},
		{"--budget", "0,8KiB", `"0"`},
		{"--budget", "1KiB,0B", `"0B"`},
		{"--budget", "-1KiB,8KiB", `"-1KiB"`},
		{"--budget", "much,little", `"much"`},
		{"--budget", "1KiB,off", `"off"`},
		{"--budget", "off,1KiB", `"off"`},
		{"--budget", "off,off", `"off"`},
		{"--budget", "NaN,1KiB", `"NaN"`},
		{"--budget", "Inf,1KiB", `"Inf"`},
		{"--budget", "0.5B,1KiB", `"0.5B"`},
		{"--budget", "1KiB,,1KiB", `""`},
		{"--budget", "16385KiB,1KiB", `"16385KiB"`},
		{"--budget", "99999999999999999999EiB,1KiB", "99999999999999999999EiB"},
		{"--popular", filepath.Join(dir, "none.txt"), "none.txt"},
		{"--popular", dir, "--popular"},
		{"--popular", file("binary", []byte("\x7fELF\x02\x01\x00\xff\xfe\x00\x80")), "binary:1"},
		{"--popular", file("words", []byte("# ours\nfine-lab.net\nnot a domain\n")), "words:3"},
		{"--popular", file("empty", nil), "empty names no domain"},
		{"--popular", "none", ""},
	} {
		var out, errs bytes.Buffer
		status := run([]string{"scan", "--json", c.option, c.value, log}, &out, &errs)
		switch {
		case c.wantErr == "" && status != 0:
			t.Errorf("%s %q: status %d, %s", c.option, c.value, status, &errs)
		case c.wantErr != "" && (status != 2 || !strings.Contains(errs.String(), c.wantErr) || out.Len() > 0):
			t.Errorf("%s %q: status %d, stderr %q; want 2 and %q", c.option, c.value, status, &errs, c.wantErr)
		}
	}
}
