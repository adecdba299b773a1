package test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/test/lab"
)

// Models are put in force anew when their files change, as a whole or not at all, and
// flags outlive that.
func TestModelsChangeWhileRunning(t *testing.T) {
	folder := t.TempDir()
	text := map[string]string{}
	for _, name := range model.Files() {
		b, err := os.ReadFile(filepath.Join("../model/data", name))
		if err != nil {
			t.Fatal(err)
		}
		text[name] = string(b)
		writeFile(t, filepath.Join(folder, name), text[name])
	}
	never := regexp.MustCompile(`("(unknown|listed|popular)": )0\.\d+`).ReplaceAllString(text["forest.json"], "${1}1")
	if never == text["forest.json"] {
		t.Fatal("no threshold in the manifest of the forest")
	}

	sample := tunnel(t)
	f := start(t, "notunnel {\n model "+folder+"\n}", sample.Answer)
	replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError)
	zone := sld(t, sample)
	change := func(name, text, want string) {
		t.Helper()
		before := f.Log.Count(want)
		writeFile(t, filepath.Join(folder, name), text)
		if err := lab.Wait(want, func() bool { return f.Log.Count(want) > before }); err != nil {
			t.Fatal(err)
		}
	}
	change("forest.json", never, "in force")
	if passed := replay(t, f.from("127.0.0.3"), sample, dns.RcodeNameError); passed != len(sample.Lookups) {
		t.Errorf("at a threshold of 1 %d of %d queries passed", passed, len(sample.Lookups))
	}
	ask(t, f.from("127.0.0.2"), "www."+zone, dns.TypeA, dns.RcodeNameError)

	for _, bad := range []struct{ name, text, good string }{
		{"forest.json", strings.Replace(never, "{", "{\n \"colour\": 1,", 1), never},
		{"forest.onnx", text["forest.onnx"][:1000], text["forest.onnx"]},
	} {
		change(bad.name, bad.text, "stays in force")
		if !f.Log.Contains(filepath.Join(folder, bad.name)) {
			t.Errorf("the log does not name %s", bad.name)
		}
		if passed := replay(t, f.from("127.0.0.4"), sample, dns.RcodeNameError); passed != len(sample.Lookups) {
			t.Errorf("with a bad %s the models before it are not in force: %d queries passed", bad.name, passed)
		}
		change(bad.name, bad.good, "in force")
	}
	change("forest.json", text["forest.json"], "in force")
	if passed := replay(t, f.from("127.0.0.5"), sample, dns.RcodeNameError); passed > mostLeaked {
		t.Errorf("with the models from before %d queries passed", passed)
	}
	f.healthy(t)
}
