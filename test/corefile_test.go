package test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/test/lab"
)

// snippet is a whole Corefile that we show to people.
type snippet struct {
	where string // file:line
	text  string
}

var fenced = regexp.MustCompile("(?ms)^(?:```|~~~) ?corefile[^\n]*\n(.*?)^(?:```|~~~)")

func snippets(t *testing.T) []snippet {
	t.Helper()
	text, err := os.ReadFile("../Corefile.example")
	if err != nil {
		t.Fatal(err)
	}
	found := []snippet{{"Corefile.example:1", string(text)}}
	for _, file := range []string{"README.md", "plugin/README.md"} {
		text, err := os.ReadFile(filepath.Join("..", file))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range fenced.FindAllSubmatchIndex(text, -1) {
			line := 1 + strings.Count(string(text[:at[2]]), "\n")
			found = append(found, snippet{file + ":" + strconv.Itoa(line), string(text[at[2]:at[3]])})
		}
	}
	return found
}

func TestSnippetsStart(t *testing.T) {
	for _, s := range snippets(t) {
		t.Run(s.where, func(t *testing.T) {
			if !strings.Contains(s.text, "notunnel") {
				t.Fatal("it does not speak of notunnel")
			}
			startText(t, localized(t, s.text))
		})
	}
}

// The options that stand as comments in the example are a configuration, too.
func TestCommentedOptionsStart(t *testing.T) {
	text, err := os.ReadFile("../Corefile.example")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?ms)^    # notunnel \{.*?^    # \}\n`)
	options := block.FindString(string(text))
	for _, name := range strings.Fields("mode action threshold window capacity allow deny exempt client_prefix client_id block_for model state admin events") {
		if !regexp.MustCompile(`(?m)^    #     ` + name + ` `).MatchString(options) {
			t.Errorf("option %s is not among the comments", name)
		}
	}
	without := strings.Replace(block.ReplaceAllString(string(text), ""), "    notunnel\n", "", 1)
	uncommented := regexp.MustCompile(`(?m)^    # `).ReplaceAllString(options, "    ")
	shown := strings.Replace(without, "    cache\n", uncommented+"    cache\n", 1)
	startText(t, localized(t, shown))
}

// startText starts a resolver and stops it.
func startText(t *testing.T, corefile string) {
	t.Helper()
	r, err := lab.Start(coredns, "-conf", write(t, corefile), "-dns.port", freePort(t))
	if err != nil {
		t.Fatalf("%v\nThe Corefile:\n%s", err, corefile)
	}
	if err := r.Stop(); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, corefile string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Corefile")
	if err := os.WriteFile(path, []byte(corefile), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var (
	serverPort = regexp.MustCompile(`:\d+(\s|$)`)
	portOf     = regexp.MustCompile(`^(prometheus|health|ready|pprof|admin)\b`)
)

// localized puts what only its reader's machine has (ports, allow files, model
// folders) into a Corefile as this machine has it.
func localized(t *testing.T, corefile string) string {
	t.Helper()
	allow := filepath.Join(t.TempDir(), "allow.txt")
	writeFile(t, allow, "allowed.example.org\n")
	models, err := filepath.Abs("../model/data")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(corefile) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "#"):
		case words[0] == "events":
			line = "events " + filepath.Join(t.TempDir(), "events.json") + "\n"
		case words[0] == "state":
			line = "state " + filepath.Join(t.TempDir(), "state") + "\n"
		case words[0] == "model":
			line = "model " + models + "\n"
		case words[0] == "allow" || words[0] == "deny":
			for i, w := range words {
				if strings.Contains(w, "/") {
					words[i] = allow
				}
			}
			line = strings.Join(words, " ") + "\n"
		case portOf.MatchString(words[0]):
			line = words[0] + " 127.0.0.1:" + freePort(t) + "\n"
		case line[0] != ' ' && line[0] != '\t' && words[len(words)-1] == "{":
			line = serverPort.ReplaceAllString(line, ":"+freePort(t)+"$1")
		}
		out.WriteString(line)
	}
	return out.String()
}

func TestBadOptionsStopTheStart(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	brokenAllow := filepath.Join(t.TempDir(), "allow.txt")
	writeFile(t, brokenAllow, "good.example.org\n\nnot*a domain\n")
	token := func(text string, mode os.FileMode) string {
		path := filepath.Join(t.TempDir(), "token")
		writeFile(t, path, text)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct{ name, option, want string }{
		{"unknown option", "colour blue", "Corefile:4.*colour"},
		{"mode", "mode maybe", "Corefile:4.*maybe"},
		{"mode without a word", "mode", "Corefile:4.*mode"},
		{"mode with two words", "mode block monitor", "Corefile:4.*mode"},
		{"mode twice", "mode block\n mode block", "Corefile:5.*mode"},
		{"action", "action drop", "Corefile:4.*drop"},
		{"threshold of nought", "threshold 0", `Corefile:4.*\(0,1\]`},
		{"threshold above one", "threshold 1.5", `Corefile:4.*1\.5`},
		{"threshold NaN", "threshold NaN", "Corefile:4.*NaN"},
		{"window", "window soon", "Corefile:4.*soon"},
		{"negative block_for", "block_for -1h", "Corefile:4.*-1h"},
		{"capacity", "capacity 0", "Corefile:4.*capacity"},
		{"exempt", "exempt 10.0.0.0/40", "Corefile:4.*10.0.0.0/40"},
		{"client_prefix too long", "client_prefix 33 64", "Corefile:4.*33"},
		{"client_prefix with one number", "client_prefix 24", "Corefile:4.*client_prefix"},
		{"allow without a domain", "allow", "Corefile:4.*allow"},
		{"missing allow file", "allow " + missing, missing},
		{"broken allow file", "allow " + brokenAllow, regexp.QuoteMeta(brokenAllow) + ":3"},
		{"deny without a domain", "deny", "Corefile:4.*deny"},
		{"denied address", "deny 192.0.2.1", "Corefile:4.*192.0.2.1"},
		{"missing deny file", "deny " + missing, missing},
		{"broken deny file", "deny " + brokenAllow, regexp.QuoteMeta(brokenAllow) + ":3"},
		{"admin without a port", "admin 127.0.0.1", "Corefile:4.*HOST:PORT"},
		{"admin for all without a token", "admin :8053", "Corefile:4.*not a loopback address"},
		{"missing token file", "admin 127.0.0.1:8053 " + missing, missing},
		{"short token", "admin 127.0.0.1:8053 " + token("short", 0o600), "at least 16"},
		{"empty token", "admin 127.0.0.1:8053 " + token("", 0o600), "it is empty"},
		{"token that everybody can read", "admin 127.0.0.1:8053 " + token("0123456789abcdef", 0o604), "read or changed by everybody"},
		{"admin address that is taken", "admin " + taken(t).String(), "address already in use"},
		{"state in no folder", "state " + missing + "/state", missing},
		{"client_id of nobody", "client_id mac", "Corefile:4.*client_id takes mac, ecs or cpe"},
		{"client_id that is none", "client_id name 192.0.2.1", `Corefile:4.*"name" is neither`},
		{"client_id from no network", "client_id mac from router", "Corefile:4.*router"},
		{"client_id for a peer twice", "client_id mac 192.0.2.0/24\n client_id mac 192.0.2.1", "Corefile:5.*192.0.2.1 lies in 192.0.2.0/24"},
		{"events to nobody", "events", "Corefile:4.*events takes a file or a URL"},
		{"events in the clear", "events http://127.0.0.1/", "Corefile:4.*http://127.0.0.1: a file, syslog://HOST:PORT"},
		{"events to no host", "events syslog://", "Corefile:4.*names no host"},
		{"events twice", "events ./e.json\n events ./e.json", "Corefile:5.*given twice"},
		{"events in no folder", "events " + missing + "/events.json", missing},
		{"two state files", "state a b", "Corefile:4.*state takes a file"},
		{"missing models", "model " + missing, missing},
		{"option of later", "share redis://127.0.0.1 key", "Corefile:4.*share"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			corefile := ".:" + freePort(t) + " {\n bind 127.0.0.1\n notunnel {\n " + tc.option + "\n }\n whoami\n}\n"
			r, err := lab.Start(coredns, "-conf", write(t, corefile))
			if err == nil {
				r.Stop()
				t.Fatal("it started")
			}
			if !regexp.MustCompile(tc.want).MatchString(err.Error()) {
				t.Errorf("%v\nwant an error like %q", err, tc.want)
			}
		})
	}
}
