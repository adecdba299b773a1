package events

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

var certificate tls.Certificate

// TestMain makes a certificate that this process trusts.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "notunnel-events-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	certificate = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	roots := filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		panic(err)
	}
	os.Setenv("SSL_CERT_FILE", roots)
	return m.Run()
}

// bench is a pool whose results and log lines are kept.
type bench struct {
	*Pool
	mu      sync.Mutex
	results map[Result]int
	log     bytes.Buffer
}

func newBench() *bench {
	b := &bench{results: map[Result]int{}}
	b.Pool = NewPool(Settings{Version: "v1", Log: b, Count: func(_ string, r Result) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.results[r]++
	}})
	return b
}

func (b *bench) Infof(format string, v ...any) { b.Warningf(format, v...) }
func (b *bench) Warningf(format string, v ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintf(&b.log, format+"\n", v...)
}

func (b *bench) count(r Result) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.results[r]
}

func (b *bench) logged() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.String()
}

// feed opens targets until the test ends.
func (b *bench) feed(t *testing.T, targets ...string) *Feed {
	t.Helper()
	var all []Target
	for _, text := range targets {
		target, err := ParseTarget(text, func(path string) string { return path })
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, target)
	}
	f, err := b.Open(all)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// event is the nth one.
func event(n int) *Event {
	at := time.Unix(1.7e9, 0).Add(time.Duration(n) * time.Second)
	return &Event{Kind: Raised, At: at, Standing: "unknown", Flag: flags.Flag{
		ID: uint64(n), SLD: "tunnel-lab.com", Scope: "tunnel-lab.com", Client: subject.ParseClient("192.0.2.1"), Ground: verdict.Model,
		Score: 0.91, Reasons: []flags.Reason{{Text: "one"}}, First: at.Add(-time.Minute), Since: at, Last: at, Until: at.Add(time.Hour), Queries: 7, Blocked: 1,
	}}
}

// number is n of an event as it came.
func number(t *testing.T, text []byte) int {
	t.Helper()
	var f finding
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	var n int
	if _, err := fmt.Sscanf(f.Unmapped.Flag, "%x", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Whatever clients send, a finding is one line of JSON of bounded size that says what
// OCSF's class asks for, and ends under the uid that it began with.
func TestFindings(t *testing.T) {
	hostile := strings.Repeat("\xff\n\"<\\", 50)
	for _, client := range []string{"192.0.2.1", "2001:db8::/64", "mac:02:00:00:00:00:01", `cpe:a\032b\255`, "file:x\ny"} {
		for _, monitor := range []bool{false, true} {
			uid := ""
			for _, kind := range []Kind{Raised, Ended, Spent} {
				e := event(5)
				e.Kind, e.Monitor, e.Why, e.Share, e.Name, e.UpLimit = kind, monitor, flags.Expired, Half, hostile, 1024
				e.Flag.Client, e.Flag.SLD, e.Flag.Scope = subject.ParseClient(client), hostile+".com", "x."+hostile+".com"
				if kind == Spent {
					e.Flag.Ground = verdict.NoGround
				}
				text, err := e.encode("v1")
				if err != nil || bytes.ContainsAny(text, "\n\r") || len(text) > 16<<10 {
					t.Fatalf("%d bytes, error %v: %s", len(text), err, text)
				}
				var f finding
				var raw map[string]any
				if err := json.Unmarshal(text, &f); err != nil || json.Unmarshal(text, &raw) != nil {
					t.Fatal(err)
				}
				for _, key := range strings.Fields("activity_id category_uid class_uid type_uid time severity_id metadata finding_info status_id") {
					if raw[key] == nil {
						t.Errorf("no %s", key)
					}
				}
				if f.ClassUID != 2004 || f.CategoryUID != 2 || f.TypeUID != 100*f.ClassUID+f.ActivityID || f.Metadata.Version == "" || f.Info.Title == "" || f.Time != e.At.UnixMilli() {
					t.Errorf("%s", text)
				}
				if monitor != (f.Unmapped.Mode == "monitor") || monitor && f.Disposition == "Blocked" || f.Unmapped.Client != e.Flag.Client.String() || len(f.Evidences) == 0 {
					t.Errorf("%s", text)
				}
				if kind == Raised {
					uid = f.Info.UID
				} else if same := f.Info.UID == uid; same != (kind == Ended) {
					t.Errorf("%v: uid %q, that of the flag is %q", kind, f.Info.UID, uid)
				}
				if (kind == Ended) != (f.ActivityID == 3) || (kind == Ended) != (f.Unmapped.Why == "expired") {
					t.Errorf("%v: %s", kind, text)
				}
			}
		}
	}
}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]string{
		"events.json":                            "/root/events.json",
		"/var/log/events.json":                   "/root//var/log/events.json",
		"syslog://192.0.2.1":                     "syslog://192.0.2.1:514",
		"syslog://[2001:db8::1]:5514":            "syslog://[2001:db8::1]:5514",
		"syslog+tcp://siem.example:601/":         "syslog+tcp://siem.example:601",
		"syslog+tls://siem.example":              "syslog+tls://siem.example:6514",
		"https://user:secret@siem.example/a?k=s": "https://siem.example",
	} {
		target, err := ParseTarget(text, func(path string) string { return "/root/" + path })
		if err != nil || target.String() != want {
			t.Errorf("%s is %v, error %v; want %s", text, target, err, want)
		}
	}
	for _, bad := range []string{"http://siem.example", "ftp://x", "syslog://", "https://", "https:///x", "syslog://u:secret@h", "syslog://h/path", "syslog://h?x=1", "https://h:0", "https://h:99999", "https://u:secret@h:x", "://", "https://u:secret@[::1"} {
		if target, err := ParseTarget(bad, func(string) string { return "" }); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s is %v, error %v", bad, target, err)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	f.Add("syslog://127.0.0.1:514")
	f.Add("https://u:p@h/x?y=z")
	f.Fuzz(func(t *testing.T, text string) {
		target, err := ParseTarget(text, func(path string) string { return path })
		if err == nil && target.kind != "file" && (target.url.Hostname() == "" || strings.Contains(target.String(), "@")) {
			t.Errorf("%q is %v", text, target)
		}
	})
}
