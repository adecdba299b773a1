package test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

// blocked is a client whose tunnel is cut by a resolver with an allow file.
type blocked struct {
	*fixture
	sample       *lab.Sample
	client, zone string
}

func block(t *testing.T, allow string) blocked {
	t.Helper()
	b := blocked{sample: tunnel(t), client: "127.0.0.2"}
	b.zone = sld(t, b.sample)
	b.fixture = start(t, "notunnel {\n allow "+allow+"\n}", b.sample.Answer)
	replay(t, b.from(b.client), b.sample, dns.RcodeNameError)
	if b.released() {
		t.Fatal("the tunnel is not blocked")
	}
	return b
}

func (b blocked) released() bool {
	m, err := b.from(b.client).Ask(lab.Query("www."+b.zone, dns.TypeA, true))
	return err == nil && m.Rcode == dns.RcodeSuccess
}

func (b blocked) waitForRelease(t *testing.T) {
	t.Helper()
	if err := lab.Wait("release of the block by the allow file", b.released); err != nil {
		t.Fatal(err)
	}
}

func TestAllowFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "allow.txt")
	writeFile(t, file, "# none so far\n")
	b := block(t, file)
	f, sample := b.fixture, b.sample
	writeFile(t, file, b.zone+" # ours\n")
	b.waitForRelease(t)
	if passed := replay(t, f.from(b.client), sample, dns.RcodeNameError); passed != len(sample.Lookups) {
		t.Errorf("of an allowed domain %d of %d queries passed", passed, len(sample.Lookups))
	}

	writeFile(t, file, "# a good line\nbad*line/\n")
	if err := lab.Wait("error that names file and line", func() bool {
		return f.Log.Contains("[ERROR]") && f.Log.Contains(file+":2")
	}); err != nil {
		t.Fatal(err)
	}
	if !b.released() {
		t.Error("a broken allow file ended what the one before it allowed")
	}
	f.healthy(t)
}

// What else happens in the folder of an allow file neither delays its reading
// nor is worth a line.
func TestAllowFileInABusyFolder(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "allow.txt")
	writeFile(t, file, "# none so far\n")
	b := block(t, file)
	busy, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-busy:
				return
			case <-time.After(20 * time.Millisecond):
				os.WriteFile(filepath.Join(folder, "some.log"), []byte("x"), 0o600)
			}
		}
	}()
	defer func() { close(busy); <-stopped }()

	const inForce = "domains in force"
	time.Sleep(time.Second) // long enough for a reading, if there were one
	if n := b.Log.Count(inForce); n != 0 {
		t.Errorf("the list was put in force %d times, though nothing changed", n)
	}
	writeFile(t, file, b.zone+"\n")
	b.waitForRelease(t)
	writeFile(t, file, b.zone+"\n") // the same again
	time.Sleep(time.Second)
	if n := b.Log.Count(inForce); n != 1 {
		t.Errorf("the list was put in force %d times, though it changed once", n)
	}
}

func TestAllowFileBehindLinks(t *testing.T) {
	link := func(t *testing.T, target, path string) {
		t.Helper()
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	folder := func(t *testing.T, path string) string {
		t.Helper()
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, prepare := range map[string]func(t *testing.T, at string) (file string, change func(text string)){
		"target written in place": func(t *testing.T, at string) (string, func(string)) {
			target := filepath.Join(folder(t, at+"/elsewhere"), "list")
			writeFile(t, target, "")
			link(t, target, at+"/allow.txt")
			return at + "/allow.txt", func(text string) {
				if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		},
		"target replaced": func(t *testing.T, at string) (string, func(string)) {
			target := filepath.Join(folder(t, at+"/elsewhere"), "list")
			writeFile(t, target, "")
			link(t, "elsewhere/list", at+"/allow.txt")
			return at + "/allow.txt", func(text string) { writeFile(t, target, text) }
		},
		"folder is a link": func(t *testing.T, at string) (string, func(string)) {
			writeFile(t, folder(t, at+"/one")+"/allow.txt", "")
			link(t, "one", at+"/current")
			return at + "/current/allow.txt", func(text string) {
				writeFile(t, folder(t, at+"/two")+"/allow.txt", text)
				link(t, "two", at+"/next")
				if err := os.Rename(at+"/next", at+"/current"); err != nil {
					t.Fatal(err)
				}
			}
		},
		"config map of Kubernetes": func(t *testing.T, at string) (string, func(string)) {
			writeFile(t, folder(t, at+"/..1")+"/allow.txt", "")
			link(t, "..1", at+"/..data")
			link(t, "..data/allow.txt", at+"/allow.txt")
			return at + "/allow.txt", func(text string) {
				writeFile(t, folder(t, at+"/..2")+"/allow.txt", text)
				link(t, "..2", at+"/..data_tmp")
				if err := os.Rename(at+"/..data_tmp", at+"/..data"); err != nil {
					t.Fatal(err)
				}
				if err := os.RemoveAll(at + "/..1"); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			file, change := prepare(t, t.TempDir())
			b := block(t, file)
			change(b.zone + "\n")
			b.waitForRelease(t)
			b.healthy(t)
		})
	}
}

// A change that no watch on folders sees, through another name of the file, is
// read on a reload, although the engine stays the same.
func TestReloadReadsAllowFilesAnew(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	file, other := filepath.Join(folder, "allow.txt"), filepath.Join(elsewhere, "list")
	writeFile(t, file, "# none so far\n")
	if err := os.Link(file, other); err != nil {
		t.Fatal(err)
	}
	b := block(t, file)
	if err := os.WriteFile(other, []byte(b.zone+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Reload(); err != nil {
		t.Fatal(err)
	}
	if !b.released() {
		t.Error("the domain is still blocked after a reload")
	}
}

func TestRelativeFilesAreUnderRoot(t *testing.T) {
	sample, root := tunnel(t), t.TempDir()
	if err := os.Mkdir(root+"/lists", 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, root+"/lists/allow.txt", sld(t, sample)+"\n")
	models, err := filepath.Abs("../model/data")
	if err == nil {
		err = os.Symlink(models, root+"/models")
	}
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, "root "+root+"\n notunnel {\n allow lists/allow.txt\n model models\n}", sample.Answer)
	if passed := replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError); passed != len(sample.Lookups) {
		t.Errorf("%d of %d queries passed, though the file allows them all", passed, len(sample.Lookups))
	}
	f.healthy(t)
}
