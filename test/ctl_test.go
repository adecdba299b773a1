package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

// terminal calls notunnel ctl.
type terminal struct{ bin, addr, token string }

// run returns the exit status and what was written.
func (c terminal) run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(c.bin, append([]string{"ctl", "--admin", c.addr, "--token", c.token}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		status = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return status, out.String(), errs.String()
}

// says checks that a call is done and that it says something like the expression.
func (c terminal) says(t *testing.T, want string, args ...string) string {
	t.Helper()
	status, out, errs := c.run(t, args...)
	if status != 0 || errs != "" || !regexp.MustCompile("(?s)"+want).MatchString(out) {
		t.Errorf("%v: status %d, %s%s\nwant %s", args, status, errs, out, want)
	}
	return out
}

func TestCtl(t *testing.T) {
	bin, err := lab.BuildCommand(t.TempDir(), "notunnel")
	if err != nil {
		t.Fatal(err)
	}
	sample := tunnel(t)
	zone, path := sld(t, sample), filepath.Join(t.TempDir(), "state")
	d, option := newDesk(t)
	f := start(t, "notunnel {\n "+option+"\n state "+path+"\n deny denied.org\n}", sample.Answer)
	c := terminal{bin: bin, addr: d.addr, token: option[strings.LastIndexByte(option, ' ')+1:]}
	client := f.from("127.0.0.2")

	c.says(t, "nobody is blocked", "flags")
	replay(t, client, sample, dns.RcodeNameError)
	c.says(t, `│ `+zone+` +│ 127\.0\.0\.2 +│ model `, "flags")
	var flags struct{ Flags []struct{ ID, Client string } }
	if err := json.Unmarshal([]byte(c.says(t, `^\{"flags":\[\{"id":`, "--json", "flags")), &flags); err != nil || len(flags.Flags) != 1 {
		t.Fatalf("%+v, error %v", flags, err)
	}
	id := flags.Flags[0].ID
	c.says(t, `verdict +block, on the ground model: .*scope +`+zone+`\n.*why +.*benign.*went out +.* of 256 KiB\n.*flag +`+id, "explain", "www."+zone, "--client", "127.0.0.2")
	c.says(t, `verdict +pass: allowed`, "explain", "x.sophosxl.net")
	c.says(t, `"id": "`+id+`"`, "case", id)
	c.says(t, `unsure +│`, "mark", id, "unsure", "--note", "asked the owner")
	c.says(t, `│ `+zone+` +│ 127\.0\.0\.2 +│`, "allow", zone, "--client", "127.0.0.2", "--for", "1h", "--reason", "ticket 4711")
	c.says(t, `ticket 4711`, "allow")
	ask(t, client, "www."+zone, dns.TypeA, dns.RcodeSuccess)
	c.says(t, "taken back", "allow", zone, "--client", "127.0.0.2", "--remove")
	ask(t, client, "www."+zone, dns.TypeA, dns.RcodeNameError)
	c.says(t, "1 released", "release", id)
	ask(t, client, "www."+zone, dns.TypeA, dns.RcodeSuccess)
	c.says(t, "0 released", "release", "all")
	c.says(t, "every query passes until", "pause", "10m")
	c.says(t, `paused +UNTIL .*mode +block.*state +`+regexp.QuoteMeta(path)+`, written 20`, "status")
	c.says(t, "queries are judged", "pause", "0s")
	c.says(t, "nobody is suspected", "watch")
	c.says(t, `denied +1, and 0`, "lists")

	for _, bad := range []struct {
		args   string
		status int
		want   string
	}{
		{"release ffff", 1, `there is no flag "ffff"`},
		{"case none", 1, `there is no flag "none"`},
		{"mark " + id + " perhaps", 1, "there is no flag"},
		{"allow no*domain", 1, "is not a domain"},
		{"allow x.org --for soon", 1, "for: "},
		{"allow x.org --remove", 1, "there is no allowance of x.org"},
		{"pause long", 1, "for: "},
		{"--token /none flags", 2, "--token: "},
		{"--admin 127.0.0.1:1 flags", 2, "cannot be reached"},
		{"--admin " + f.metrics + " flags", 2, "does not answer as notunnel does"},
		{"--admin ftp://x flags", 2, "neither HOST:PORT nor a URL"},
		{"frob", 2, `unknown command "frob"`},
		{"flags x", 2, "flags takes no arguments"},
		{"explain", 2, "explain takes NAME"},
		{"flags --note x", 2, "--note does not go with flags"},
		{"--frob", 2, "unknown flag"},
		{"", 2, "usage: notunnel ctl"},
	} {
		if status, out, errs := c.run(t, strings.Fields(bad.args)...); status != bad.status || !strings.Contains(errs, bad.want) || out != "" {
			t.Errorf("%s: status %d, %s%s; want %d, %s", bad.args, status, errs, out, bad.status, bad.want)
		}
	}
	wrong := filepath.Join(t.TempDir(), "token")
	writeFile(t, wrong, "another-secret-0123456789")
	if status, _, errs := c.run(t, "--token", wrong, "flags"); status != 1 || !strings.Contains(errs, "Authorization: Bearer TOKEN") {
		t.Errorf("wrong token: status %d, %s", status, errs)
	}
	f.healthy(t)
}
