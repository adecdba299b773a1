package test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

const token = "a-secret-of-this-test-0123456789"

// desk is the admin interface of a resolver.
type desk struct{ addr, token string }

// newDesk writes a token file and returns the interface with the option that makes it.
func newDesk(t *testing.T) (d desk, option string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	writeFile(t, file, token+"\n")
	d = desk{addr: "127.0.0.1:" + freePort(t), token: token}
	return d, "admin " + d.addr + " " + file
}

// call makes a request below /api/v1/ and returns its status and what the reply says.
func (d desk) call(t *testing.T, method, path, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+d.addr+"/api/v1/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if d.token != "" {
		r.Header.Set("Authorization", "Bearer "+d.token)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	said := map[string]any{}
	if err == nil {
		err = json.Unmarshal(text, &said)
	}
	if err != nil {
		t.Fatalf("%s %s: %q: %v", method, path, text, err)
	}
	return reply.StatusCode, said
}

// do is call that succeeds.
func (d desk) do(t *testing.T, method, path, body string) map[string]any {
	t.Helper()
	status, said := d.call(t, method, path, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s %s: status %d: %v", method, path, body, status, said)
	}
	return said
}

func (d desk) flags(t *testing.T) (flags []map[string]any) {
	t.Helper()
	for _, f := range d.do(t, "GET", "flags", "")["flags"].([]any) {
		flags = append(flags, f.(map[string]any))
	}
	return flags
}

// A false positive is found, understood, allowed for a while, marked and released, over
// reload and kill -9, and nothing that was said is lost.
func TestAdminFromEndToEnd(t *testing.T) {
	sample := tunnel(t)
	zone, path := sld(t, sample), filepath.Join(t.TempDir(), "state")
	d, option := newDesk(t)
	config := "notunnel {\n " + option + "\n state " + path + "\n deny denied.org\n}"
	f := start(t, config, sample.Answer)
	one, two := f.from("127.0.0.2"), f.from("127.0.0.3")
	replay(t, one, sample, dns.RcodeNameError)
	replay(t, two, sample, dns.RcodeNameError)

	all := d.flags(t)
	if len(all) != 2 {
		t.Fatalf("%d flags, want two", len(all))
	}
	// The same in the same words in log and interface, in whatever order: both can have come
	// at one moment.
	f.says(t, "client=127.0.0.3 ground=model")
	logged := f.flags(t)
	if all[0]["client"] != logged[0].Client {
		slices.Reverse(all)
	}
	var told []string
	for _, r := range all[0]["reasons"].([]any) {
		told = append(told, r.(map[string]any)["text"].(string))
	}
	if all[0]["client"] != logged[0].Client || all[0]["sld"] != zone || strings.Join(told, "; ") != logged[0].Reasons || len(all[0]["names"].([]any)) == 0 {
		t.Errorf("%v, and in the log %+v", all[0], logged[0])
	}
	x := d.do(t, "GET", "explain?client=127.0.0.2&name="+url.QueryEscape("www."+zone), "")
	m := ask(t, one, "www."+zone, dns.TypeA, dns.RcodeNameError)
	if said := lab.BlockReason(m).ExtraText; x["verdict"] != "block" || said != "notunnel: "+x["said"].(string)+": "+zone+" (flag "+all[0]["id"].(string)[:8]+")" {
		t.Errorf("explained as %v, and to the client as %q", x, said)
	}

	d.do(t, "POST", "allow", fmt.Sprintf(`{"domain":%q,"client":"127.0.0.2","for":"3s"}`, zone))
	ask(t, one, "www."+zone, dns.TypeA, dns.RcodeSuccess)
	ask(t, two, "www."+zone, dns.TypeA, dns.RcodeNameError)
	if err := lab.Wait("end of the allowance", func() bool {
		m, err := one.Ask(lab.Query("www."+zone, dns.TypeA, true))
		return err == nil && m.Rcode == dns.RcodeNameError
	}); err != nil {
		t.Fatal(err)
	}
	d.do(t, "POST", "allow", `{"domain":"ours.org","reason":"ticket 4711"}`)
	f.says(t, `by a person: allowed domain=ours.org client=everyone until="taken back" reason="ticket 4711"`)
	id := all[0]["id"].(string)
	d.do(t, "POST", "flags/"+id, `{"mark":"true","note":"malware on the printer","everyone":true}`)
	ask(t, f.from("127.0.0.4"), "www."+zone, dns.TypeA, dns.RcodeNameError)

	same := func(after string) {
		t.Helper()
		ask(t, f.from("127.0.0.4"), "www."+zone, dns.TypeA, dns.RcodeNameError)
		ask(t, one, "www.denied.org", dns.TypeA, dns.RcodeNameError)
		allowed := d.do(t, "GET", "allow", "")["allow"].([]any)
		flags := d.flags(t)
		if len(allowed) != 1 || allowed[0].(map[string]any)["reason"] != "ticket 4711" || len(flags) != 2 {
			t.Fatalf("after %s: allowed %v, %d flags", after, allowed, len(flags))
		}
		for _, flag := range flags {
			if flag["id"] == id && (flag["note"] != "malware on the printer" || flag["everyone"] != true) {
				t.Errorf("after %s: %v", after, flag)
			}
		}
	}
	f.write(t, strings.Replace(config, "{", "{\n block_for 2h", 1))
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	same("a reload with other options")
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	same("a reload with the same")
	f.write(t, strings.Replace(config, "{", "{\n block_for 3h", 1)+"\n}\n.:"+port(taken(t))+" {\n bind 127.0.0.1\n whoami")
	if err := f.FailToReload(); err != nil {
		t.Fatal(err)
	}
	same("a reload that failed")
	f.write(t, config)
	time.Sleep(2 * time.Second)
	if err := f.Kill(); err != nil {
		t.Fatal(err)
	}
	f.again(t)
	same("kill -9")

	if n := d.do(t, "DELETE", "flags", "")["released"]; n != 2.0 {
		t.Errorf("%v flags released", n)
	}
	ask(t, one, "www."+zone, dns.TypeA, dns.RcodeSuccess)
	ask(t, f.from("127.0.0.4"), "www."+zone, dns.TypeA, dns.RcodeSuccess)
	replay(t, one, sample, dns.RcodeNameError) // and is judged again
	if len(d.flags(t)) != 1 {
		t.Error("what was released is not judged any more")
	}

	d.do(t, "POST", "pause", `{"for":"1h"}`)
	ask(t, one, "www."+zone, dns.TypeA, dns.RcodeSuccess)
	ask(t, one, "www.denied.org", dns.TypeA, dns.RcodeSuccess)
	if err := f.Reload(); err != nil || d.do(t, "GET", "status", "")["paused_until"] == nil {
		t.Errorf("a reload ends the pause: %v", err)
	}
	d.do(t, "POST", "pause", `{"for":"0s"}`)
	ask(t, one, "www."+zone, dns.TypeA, dns.RcodeNameError)
	if n := f.scrape(t).Sum("coredns_notunnel_unjudged_total", "reason", "paused"); n != 2 {
		t.Errorf("%v queries passed in the pause, want 2", n)
	}
	f.says(t, "[WARNING] plugin/notunnel: paused: every query passes")
	f.says(t, "[WARNING] plugin/notunnel: the pause is over")
	f.healthy(t)
}

// A flag is an event, and so is its end.
func TestAdminEvents(t *testing.T) {
	sample := tunnel(t)
	d, option := newDesk(t)
	f := start(t, "notunnel {\n "+option+"\n}", sample.Answer)
	r, err := http.NewRequest("GET", "http://"+d.addr+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+d.token)
	reply, err := http.DefaultClient.Do(r)
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatal(err, reply)
	}
	defer reply.Body.Close()
	lines := bufio.NewScanner(reply.Body)
	lines.Scan() // the greeting: it is joined
	replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError)
	d.do(t, "DELETE", "flags", "")
	for _, want := range []string{"event: flagged", `"why":"raised"`, "event: released", `"why":"released"`} {
		for lines.Scan() && lines.Text() == "" {
		}
		if !strings.Contains(lines.Text(), want) {
			t.Errorf("%q, want %q", lines.Text(), want)
		}
	}
}

// Without a token the interface only reads, on loopback; with one, nothing goes without
// it, and nothing from another host. What a client asked for is text.
func TestAdminKeepsToItself(t *testing.T) {
	d, option := newDesk(t)
	plain := desk{addr: "127.0.0.1:" + freePort(t)}
	f := start(t, "notunnel {\n "+option+"\n}", assorted)
	add(t, f.corefile, ".:"+freePort(t)+" {\n bind 127.0.0.1\n notunnel {\n  admin "+plain.addr+"\n }\n whoami\n}\n")
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	if status, _ := plain.call(t, "GET", "status", ""); status != 200 {
		t.Errorf("reading without a token: status %d", status)
	}
	if status, _ := plain.call(t, "POST", "pause", `{"for":"1h"}`); status != 405 {
		t.Errorf("writing without a token: status %d", status)
	}
	for _, wrong := range []string{"", "wrong", token + "x", token[1:]} {
		if status, _ := (desk{addr: d.addr, token: wrong}).call(t, "GET", "flags", ""); status != 401 {
			t.Errorf("token %q: status %d", wrong, status)
		}
	}
	r, err := http.NewRequest("GET", "http://"+d.addr+"/api/v1/flags", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+d.token)
	r.Host = "rebound.example"
	if reply, err := http.DefaultClient.Do(r); err != nil || reply.StatusCode != 403 {
		t.Errorf("foreign host: %v, error %v", reply, err)
	} else {
		reply.Body.Close()
	}
	for i := range 300 {
		f.from("127.0.0.2").Raw("udp", question(fmt.Sprintf(`\<script\>\%03d%x%x.x\"\010y.com.`, i%256, i*7919, i*104729), dns.TypeTXT, dns.ClassINET))
	}
	all := d.flags(t)
	if len(all) != 1 || strings.ContainsAny(fmt.Sprint(all), "\"\n") {
		t.Errorf("%q", all)
	}
	f.healthy(t)
}

// A reload takes the token as it is then.
func TestAdminTokenChanges(t *testing.T) {
	d, option := newDesk(t)
	f := start(t, "notunnel {\n "+option+"\n}", lab.Address)
	d.do(t, "GET", "status", "")
	file := option[strings.LastIndexByte(option, ' ')+1:]
	writeFile(t, file, "short")
	if err := f.FailToReload(); err != nil {
		t.Fatal(err)
	}
	d.do(t, "GET", "status", "")
	writeFile(t, file, "another-secret-0123456789")
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	if status, _ := d.call(t, "GET", "status", ""); status != 401 {
		t.Errorf("the old token: status %d", status)
	}
	d.token = "another-secret-0123456789"
	d.do(t, "GET", "status", "")
}

// What is near its budget is shown by name.
func TestAdminWatch(t *testing.T) {
	d, option := newDesk(t)
	f := start(t, "notunnel {\n "+option+"\n threshold 1\n budget 1KiB 8KiB\n}", lab.Address)
	for i := range 40 {
		ask(t, f.from("127.0.0.2"), fmt.Sprintf("session-%d-%d.busy-app.com", i*7919, i*104729), dns.TypeA, dns.RcodeSuccess)
	}
	ask(t, f.from("127.0.0.3"), "www.quiet-app.com", dns.TypeA, dns.RcodeSuccess)
	w := d.do(t, "GET", "watch", "")["watch"].([]any)
	if len(w) != 1 {
		t.Fatalf("%v", w)
	}
	if p := w[0].(map[string]any); p["sld"] != "busy-app.com" || p["client"] != "127.0.0.2" || p["up_bytes"].(float64) < 256 || p["up_limit_bytes"] != 1024.0 {
		t.Errorf("%v", p)
	}
}
