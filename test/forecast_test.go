package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/forecast"
	"github.com/notunnel/notunnel/test/lab"
)

// trial is a network whose traffic is written down as it is asked for.
type trial struct {
	*fixture
	log bytes.Buffer
	now time.Time
}

// ask asks, checks that it is blocked or not, and writes a line of a DNS log.
func (n *trial) ask(t *testing.T, source, name string, qtype uint16, blocked bool) {
	t.Helper()
	m, err := n.from(source).Ask(lab.Query(name, qtype, true))
	if err != nil {
		t.Fatal(err)
	}
	if (lab.BlockReason(m) != nil) != blocked {
		t.Fatalf("%s asks for %s: blocked is %v", source, name, !blocked)
	}
	answers := [][]any{}
	for _, rr := range m.Answer {
		answers = append(answers, []any{strings.TrimPrefix(rr.String(), rr.Header().String()), rr.Header().Ttl})
	}
	text, err := json.Marshal(answers)
	if err != nil {
		t.Fatal(err)
	}
	n.now = n.now.Add(50 * time.Millisecond)
	fmt.Fprintf(&n.log, "%d.%06d\t%s\t%s\t%d\t%d\t%s\n", n.now.Unix(), n.now.Nanosecond()/1000, source, name, qtype, m.Rcode, text)
}

const (
	ownDomain  = "our-own-company.org"
	mistaken   = "backup-vendor.net"
	mailServer = "127.0.0.4"
)

// What the README says to type is done as it stands there.
func TestCommandsOfTheWeek(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Try it for a week\n")
	section, _, ok := strings.Cut(section, "\n## ")
	commands := regexp.MustCompile(`(?m)^ {7}(.*)$`).FindAllStringSubmatch(fenced.ReplaceAllString(section, ""), -1)
	if !ok || len(commands) < 7 {
		t.Fatalf("%d commands", len(commands))
	}
	dir := t.TempDir()
	if _, err := lab.BuildCommand(dir, "notunnel"); err != nil {
		t.Fatal(err)
	}
	sample := tunnel(t)
	d, option := newDesk(t)
	allowed := filepath.Join(dir, "allow.txt")
	writeFile(t, allowed, "")
	writeFile(t, filepath.Join(dir, "token"), token+"\n")
	recorded, err := os.ReadFile("samples/iodine-null.pcap")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "week.pcap"), string(recorded))
	f := start(t, "notunnel {\n mode monitor\n "+option+"\n allow "+allowed+"\n}", sample.Answer)
	for _, l := range sample.Lookups {
		if _, err := f.from("127.0.0.2").Ask(lab.Query(l.Name, l.Type, true)); err != nil {
			t.Fatal(err)
		}
	}
	here := strings.NewReplacer("127.0.0.1:8053", d.addr, "0123456789abcdef", d.flags(t)[0]["id"].(string), "www.example.com", "www."+sld(t, sample),
		"example.com", sld(t, sample), "192.0.2.7", "127.0.0.2")
	for _, c := range commands {
		cmd := exec.Command("sh", "-c", "ctl() { notunnel ctl --admin "+d.addr+" --token token \"$@\"; }\n"+here.Replace(c[1]))
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil || len(out) == 0 && !strings.HasPrefix(c[1], "echo ") {
			t.Errorf("%s: %v: %s", c[1], err, out)
		}
	}
	f.says(t, "why=allowed") // what was allowed
}

// insideAnswer answers below the own domain with private addresses.
func insideAnswer(of lab.Answer) lab.Answer {
	return func(r *dns.Msg) *dns.Msg {
		m := of(r)
		if m != nil && len(r.Question) > 0 && dns.IsSubDomain(ownDomain+".", strings.ToLower(r.Question[0].Name)) {
			for _, rr := range m.Answer {
				if a, ok := rr.(*dns.A); ok {
					a.A = net.IPv4(10, 1, 2, 3)
				}
			}
		}
		return m
	}
}

// A week in a minute: a server looks first, tells what blocking would have done, its
// proposals are taken over, and then it blocks: the tunnel, and neither what was mistaken
// for one nor the mail server.
func TestTryItForAWeek(t *testing.T) {
	bin, err := lab.BuildCommand(t.TempDir(), "notunnel")
	if err != nil {
		t.Fatal(err)
	}
	sample := tunnel(t)
	zone, path := sld(t, sample), filepath.Join(t.TempDir(), "state")
	d, option := newDesk(t)
	common := " " + option + "\n state " + path + "\n"
	n := &trial{fixture: start(t, "notunnel {\n mode monitor\n"+common+"}", insideAnswer(sample.Answer)), now: time.Now()}
	c := terminal{bin: bin, addr: d.addr, token: option[strings.LastIndexByte(option, ' ')+1:]}
	call := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		cmd := exec.Command(bin, append([]string{"forecast"}, args...)...)
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, &errs)
		}
		return out.String()
	}
	byServer := func() (r forecast.Report) {
		t.Helper()
		if err := json.Unmarshal([]byte(call("--json", "--admin", c.addr, "--token", c.token)), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}

	for _, l := range sample.Lookups {
		n.ask(t, "127.0.0.2", l.Name, l.Type, false)
	}
	r := rand.New(rand.NewPCG(6, 6))
	for range 150 {
		n.ask(t, "127.0.0.3", fmt.Sprintf("%016x%016x.jobs.%s", r.Uint64(), r.Uint64(), mistaken), dns.TypeA, false)
	}
	for i := range 600 {
		sender := fmt.Sprintf("sender%d.org", i)
		n.ask(t, mailServer, sender, dns.TypeMX, false)
		n.ask(t, mailServer, "_dmarc."+sender, dns.TypeTXT, false)
		n.ask(t, fmt.Sprintf("127.0.0.%d", 5+i%4), fmt.Sprintf("host%d.%s", i, ownDomain), dns.TypeA, false)
	}

	told := func(r forecast.Report, by string) {
		t.Helper()
		scopes := []string{}
		for _, b := range r.Blocked {
			scopes = append(scopes, b.Scope)
			if len(b.Clients) != 1 || len(b.Names) != 3 || len(b.Reasons) == 0 {
				t.Errorf("by %s: %+v", by, b)
			}
		}
		slices.Sort(scopes)
		if want := []string{mistaken, zone}; !slices.Equal(scopes, want) {
			t.Errorf("by %s: blocked %v, want %v", by, scopes, want)
		}
		if len(r.Servers) != 1 || r.Servers[0].What != mailServer || r.Servers[0].Kind != "mail" || len(r.Own) != 1 || r.Own[0].What != ownDomain {
			t.Errorf("by %s: servers %+v, own %+v", by, r.Servers, r.Own)
		}
		for _, line := range []string{"exempt " + mailServer + " # mail", "allow " + ownDomain + " # own"} {
			if !slices.Contains(r.Lines, line) {
				t.Errorf("by %s: lines %q lack %q", by, r.Lines, line)
			}
		}
	}
	told(byServer(), "the server")
	file := filepath.Join(t.TempDir(), "week.log")
	writeFile(t, file, n.log.String())
	var recorded forecast.Report
	if err := json.Unmarshal([]byte(call("--json", file)), &recorded); err != nil {
		t.Fatal(err)
	}
	told(recorded, "its log")
	for _, page := range []string{call("--admin", c.addr, "--token", c.token), c.says(t, "what block mode would have done", "forecast"), call(file)} {
		if !strings.Contains(page, mailServer+" (mail): ") || !strings.Contains(page, mistaken) || !strings.Contains(page, "false blocks by the models: 0.0 to ") {
			t.Errorf("page\n%s", page)
		}
	}

	// What was mistaken is understood, and marked.
	id := ""
	for _, b := range byServer().Blocked {
		if b.Scope == mistaken {
			id = b.Clients[0].ID
		}
	}
	c.says(t, `verdict +block, on the ground model: .*why +.*benign.*blocked +[0-9a-f]{32}\.jobs\.backup-vendor\.net\n`, "explain", mistaken, "--client", "127.0.0.3")
	c.says(t, `there is no window now whose features could be shown`, "explain", mistaken, "--client", "127.0.0.3", "--all")
	c.says(t, `score, the sum `, "explain", ownDomain, "--client", "127.0.0.5", "--all")
	c.says(t, `false`, "mark", id, "false", "--note", "backups, ticket 4711")
	after := byServer()
	if !slices.Contains(after.Lines, "allow "+mistaken+" # marked") || after.False.Low <= 0 {
		t.Errorf("lines %q, false blocks %+v", after.Lines, after.False)
	}

	n.write(t, "notunnel {\n mode block\n"+common+" "+strings.Join(after.Lines, "\n ")+"\n}")
	if err := n.Reload(); err != nil {
		t.Fatal(err)
	}
	last := sample.Lookups[len(sample.Lookups)-1]
	n.ask(t, "127.0.0.2", last.Name, last.Type, true) // flagged while it looked
	for range 100 {
		n.ask(t, "127.0.0.3", fmt.Sprintf("%016x%016x.jobs.%s", r.Uint64(), r.Uint64(), mistaken), dns.TypeA, false)
	}
	n.ask(t, "127.0.0.5", "host1."+ownDomain, dns.TypeA, false)
	n.ask(t, mailServer, "_dmarc.sender1.org", dns.TypeTXT, false)
	c.says(t, `because +backup-vendor\.net is on the allow list`, "explain", mistaken)
	// What was seen before is not forgotten; what is left out by now is not told again.
	if now := byServer(); now.Mode != "block" || len(now.Blocked) != 1 || now.Blocked[0].Scope != zone || now.Clients < 4 || len(now.Own)+len(now.Servers)+len(now.Marked) != 0 {
		t.Errorf("after the reload: %+v", now)
	}
	if flags := d.flags(t); len(flags) != 1 || flags[0]["sld"] != zone {
		t.Errorf("flags %v", flags)
	}
	n.healthy(t)
}
