package admin

import (
	"encoding/base32"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/forecast"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
	"github.com/notunnel/notunnel/plugin/watch"
)

const secret = "0123456789abcdef0123456789abcdef"

// desk is a backend with an engine of its own, and a clock that the test sets.
type desk struct {
	engine  *detect.Engine
	watched *watch.Table
	seen    *forecast.Observer
	ahead   atomic.Int64 // of the clock, ns
	until   time.Time
	changed atomic.Int32
}

func (d *desk) Engine() *detect.Engine       { return d.engine }
func (d *desk) Watched() *watch.Table        { return d.watched }
func (d *desk) Observer() *forecast.Observer { return d.seen }
func (d *desk) Settings() Settings           { return Settings{Mode: "block"} }
func (d *desk) Lists() Lists                 { return Lists{} }
func (d *desk) State() *State                { return nil }
func (d *desk) Now() time.Time               { return time.Unix(1.7e9, d.ahead.Load()) }
func (d *desk) Told(string)                  { d.changed.Add(1) }
func (d *desk) Pause(until time.Time)        { d.until = until }
func (d *desk) Paused() time.Time            { return d.until }
func (d *desk) Count() (int, uint64)         { return d.engine.Count() }

// serve runs a server with a token, or without.
func serve(t *testing.T, token Token) (*desk, *Server) {
	t.Helper()
	models, err := model.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	config := detect.Default()
	config.Models, config.Allow, config.Key = models, verdict.Shipped(), keyhash.New()
	engine, err := detect.New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{engine: engine, watched: watch.New(), seen: forecast.New(forecast.Config{Domains: 64, Every: 1}, time.Unix(1.7e9, 0))}
	engine.Flags().Follow(d.seen.Flagged)
	s, err := Listen("127.0.0.1:0", token, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return d, s
}

// tunnel asks below a domain until a query is blocked.
func (d *desk) tunnel(t *testing.T, sld, client string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		data := make([]byte, 60)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		text := strings.ToLower(base32.StdEncoding.EncodeToString(data))
		if d.ask(text[:48]+"."+text[48:]+"."+sld+".", client).Verdict == verdict.Block {
			return
		}
	}
	t.Fatal("200 queries of a tunnel passed")
}

func (d *desk) ask(name, client string) *detect.Decision {
	decision := new(detect.Decision)
	d.engine.Query(detect.Query{Name: name, Type: 16, Client: netip.MustParseAddr(client), At: d.Now()}, decision)
	return decision
}

// call makes a request and returns its status and what the reply says.
func call(t *testing.T, s *Server, method, path, body string, change func(*http.Request)) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+s.Addr()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	if change != nil {
		change(r)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]any{}
	if strings.HasPrefix(reply.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &said); err != nil {
			t.Fatalf("%s %s: %q: %v", method, path, text, err)
		}
	}
	if reply.StatusCode >= 400 && said["error"] == nil {
		t.Errorf("%s %s: status %d without a sentence: %q", method, path, reply.StatusCode, text)
	}
	return reply.StatusCode, said
}

func TestBadRequests(t *testing.T) {
	d, s := serve(t, NewToken(secret))
	d.tunnel(t, "evil.com", "192.0.2.1")
	id := flags.IDText(d.engine.Flags().All(d.Now())[0].ID)
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "allow", ``, 400},
		{"POST", "allow", `{`, 400},
		{"POST", "allow", `[]`, 400},
		{"POST", "allow", `{"domain":"x.org"} {}`, 400},
		{"POST", "allow", `{"domain":"x.org","colour":"blue"}`, 400},
		{"POST", "allow", `{}`, 400},
		{"POST", "allow", `{"domain":"no domain"}`, 400},
		{"POST", "allow", `{"domain":"192.0.2.1"}`, 400},
		{"POST", "allow", `{"domain":"x.org","client":"nobody"}`, 400},
		{"POST", "allow", `{"domain":"x.org","client":"mac:02:00"}`, 400},
		{"POST", "allow", `{"domain":"x.org","client":"cpe:"}`, 400},
		{"POST", "allow", `{"domain":"x.org","for":"soon"}`, 400},
		{"POST", "allow", `{"domain":"x.org","for":"-1h"}`, 400},
		{"POST", "allow", `{"domain":"x.org","for":"0s"}`, 400},
		{"POST", "allow", `{"domain":"x.org","for":3}`, 400},
		{"POST", "allow", `{"domain":"` + strings.Repeat("x", 70000) + `"}`, 413},
		{"DELETE", "allow", ``, 400},
		{"DELETE", "allow?domain=x.org&client=nobody", ``, 400},
		{"DELETE", "allow?domain=x.org", ``, 400},
		{"POST", "flags/" + id, `{"mark":"perhaps"}`, 400},
		{"POST", "flags/" + id, `{"everyone":true}`, 400},
		{"POST", "flags/" + id, `{"mark":"false","everyone":true}`, 400},
		{"POST", "flags/ffff", `{"mark":"true"}`, 400},
		{"DELETE", "flags/ffff", ``, 400},
		{"DELETE", "flags/none", ``, 400},
		{"GET", "flags/ffff/case", ``, 400},
		{"GET", "flags/" + id[:7] + "/case", ``, 400},
		{"GET", "explain", ``, 400},
		{"GET", "explain?name=" + strings.Repeat("x", 64) + ".org", ``, 400},
		{"GET", "explain?name=x.org&client=nobody", ``, 400},
		{"POST", "pause", `{}`, 400},
		{"POST", "pause", `{"for":"long"}`, 400},
		{"POST", "pause", `{"for":"100h"}`, 400},
		{"POST", "status", ``, 405},
	} {
		if got, said := call(t, s, c.method, "/api/v1/"+c.path, c.body, nil); got != c.want {
			t.Errorf("%s %s %.40s: status %d, want %d: %v", c.method, c.path, c.body, got, c.want, said)
		}
	}
	if d.changed.Load() != 0 || len(d.engine.Allowances(d.Now())) != 0 || d.engine.Flags().Len() != 1 {
		t.Error("a bad request changed something")
	}
}

// A flag is found, understood, marked, allowed for a while and released.
func TestFlagsFromEndToEnd(t *testing.T) {
	d, s := serve(t, NewToken(secret))
	get := func(path string) map[string]any {
		t.Helper()
		status, said := call(t, s, "GET", "/api/v1/"+path, "", nil)
		if status != 200 {
			t.Fatalf("%s: status %d: %v", path, status, said)
		}
		return said
	}
	post := func(path, body string) map[string]any {
		t.Helper()
		status, said := call(t, s, "POST", "/api/v1/"+path, body, nil)
		if status != 200 {
			t.Fatalf("%s: status %d: %v", path, status, said)
		}
		return said
	}
	// A name that would be markup, a line of its own, and bytes that are no text.
	const hostile = `\<script\>\010\255\"`
	sld := hostile + ".com"
	d.tunnel(t, sld, "192.0.2.1")
	d.tunnel(t, "evil.com", "192.0.2.1")
	d.tunnel(t, "evil.com", "192.0.2.2")

	all := get("flags")["flags"].([]any)
	if len(all) != 3 {
		t.Fatalf("%d flags", len(all))
	}
	// flag is that of a domain and a client.
	flag := func(all any, sld, client string) map[string]any {
		t.Helper()
		for _, f := range all.([]any) {
			if f := f.(map[string]any); f["sld"] == sld && f["client"] == client {
				return f
			}
		}
		t.Fatalf("no flag of %s and %s in %v", sld, client, all)
		return nil
	}
	f := flag(all, `<script>\010\255\034.com`, "192.0.2.1")
	for _, key := range strings.Fields("id sld scope client standing ground score first since last until queries blocked leaked_bytes up_bytes down_bytes names reasons mark") {
		if _, ok := f[key]; !ok {
			t.Errorf("a flag has no %s", key)
		}
	}
	if f["scope"] != f["sld"] || f["mark"] != nil || f["ground"] != "model" ||
		len(f["names"].([]any)) != 1 || f["reasons"].([]any)[0].(map[string]any)["text"] == "" {
		t.Errorf("%v", f)
	}
	if _, err := time.Parse(time.RFC3339, f["since"].(string)); err != nil {
		t.Error(err)
	}

	id := flag(all, "evil.com", "192.0.2.1")["id"].(string)
	before, _ := d.engine.Count()
	x := get("explain?name=www.evil.com&client=192.0.2.1")
	if x["verdict"] != "block" || x["ground"] != "model" || x["scope"] != "evil.com" || x["flag"].(map[string]any)["id"] != id ||
		x["said"] != verdict.Model.Said() || len(x["reasons"].([]any)) == 0 {
		t.Errorf("%v", x)
	}
	if blocked := d.engine.Flags().All(d.Now())[0].Blocked; blocked != d.engine.Flags().All(d.Now())[0].Blocked || blocked != 1 {
		t.Errorf("explaining counted as a query: %d", blocked)
	}
	if x := get("explain?name=www.evil.com&client=192.0.2.3"); x["verdict"] != "pass" || x["flag"] != nil || x["ground"] != nil {
		t.Errorf("%v", x)
	}
	if windows, _ := d.engine.Count(); windows != before {
		t.Errorf("explaining made %d windows", windows-before)
	}
	if c := get("flags/" + strings.ToUpper(id[:8]) + "/case"); c["flag"].(map[string]any)["id"] != id {
		t.Errorf("by the beginning of its ID: %v", c)
	}
	if c := get("flags/" + id + "/case"); c["flag"].(map[string]any)["id"] != id || c["now"] == nil || c["settings"] == nil {
		t.Errorf("%v", c)
	}

	if m := post("flags/"+id, `{"mark":"false","note":"our <backup>"}`); m["mark"] != "false" || m["note"] != "our <backup>" {
		t.Errorf("%v", m)
	}
	if a := post("allow", `{"domain":"evil.com","client":"192.0.2.1","for":"3s","reason":"a look"}`); a["domain"] != "evil.com" || a["client"] != "192.0.2.1" || a["until"] == nil {
		t.Errorf("%v", a)
	}
	if d.ask("www.evil.com.", "192.0.2.1").Verdict == verdict.Block || d.ask("www.evil.com.", "192.0.2.2").Verdict != verdict.Block {
		t.Error("the allowance is not for its client alone")
	}
	if x := get("explain?name=www.evil.com&client=192.0.2.1"); x["judged"] != "allowed" || x["verdict"] != "pass" || len(x["allowances"].([]any)) != 1 {
		t.Errorf("%v", x)
	}
	d.ahead.Add(int64(3 * time.Second))
	if d.ask("www.evil.com.", "192.0.2.1").Verdict != verdict.Block || len(get("allow")["allow"].([]any)) != 0 {
		t.Error("the allowance goes on after its time")
	}
	if status, said := call(t, s, "DELETE", "/api/v1/flags/"+id, "", nil); status != 200 || said["released"] != 1.0 {
		t.Errorf("status %d: %v", status, said)
	}
	if d.ask("www.evil.com.", "192.0.2.1").Verdict == verdict.Block {
		t.Error("it is not released")
	}

	// Confirmed for everyone, it blocks everyone, and is shown when its flag is over.
	id = flag(get("flags")["flags"], "evil.com", "192.0.2.2")["id"].(string)
	post("flags/"+id, `{"mark":"true","everyone":true}`)
	d.ahead.Add(int64(2 * time.Hour))
	if got := d.ask("www.evil.com.", "198.51.100.1"); got.Ground != verdict.Deny {
		t.Errorf("%+v", got.Ruling)
	}
	left := get("flags")["flags"].([]any)
	if len(left) != 1 || left[0].(map[string]any)["everyone"] != true || left[0].(map[string]any)["mark"] != "true" {
		t.Errorf("%v", left)
	}
	if c := get("lists")["deny"].(map[string]any)["confirmed"].([]any); len(c) != 1 || c[0] != "evil.com" {
		t.Errorf("%v", c)
	}
	if status, said := call(t, s, "DELETE", "/api/v1/flags", "", nil); status != 200 || said["released"] != 1.0 {
		t.Errorf("status %d: %v", status, said)
	}
	if d.ask("www.evil.com.", "198.51.100.1").Verdict == verdict.Block || len(get("flags")["flags"].([]any)) != 0 {
		t.Error("it is not released")
	}

	if p := post("pause", `{"for":"1m"}`); p["paused_until"] == nil || get("status")["paused_until"] != p["paused_until"] {
		t.Errorf("%v", p)
	}
	if p := post("pause", `{"for":"0s"}`); p["paused_until"] != nil || !d.until.IsZero() {
		t.Errorf("%v", p)
	}
	d.watched.Note(watch.Pair{SLD: "near.org", Name: "x.near.org", Watched: true, Score: 0.9, Last: d.Now()})
	if w := get("watch")["watch"].([]any)[0].(map[string]any); w["sld"] != "near.org" || w["verdict"] != "watch" || w["score"] != 0.9 {
		t.Errorf("%v", w)
	}
	if d.changed.Load() == 0 {
		t.Error("nothing is to be written down")
	}
}

// Nothing that a client sent stands in a reply as markup.
// A device behind a forwarder is a client like any other, whatever it is called.
func TestDevices(t *testing.T) {
	d, s := serve(t, NewToken(secret))
	for _, id := range []subject.ID{{Kind: subject.MAC, Bytes: []byte{2, 0, 94, 16, 0, 1}}, {Kind: subject.CPE, Bytes: []byte("<b>\n\" \\")}} {
		ask := func(name string) *detect.Decision {
			decision := new(detect.Decision)
			d.engine.Query(detect.Query{Name: name, Type: 16, Client: netip.MustParseAddr("192.0.2.1"), ID: id, At: d.Now()}, decision)
			return decision
		}
		r := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			data := make([]byte, 60)
			for i := range data {
				data[i] = byte(r.Uint32())
			}
			ask(strings.ToLower(base32.StdEncoding.EncodeToString(data)[:60]) + ".evil.com.")
		}
		client := ask("www.evil.com.").Client.String()
		if ask("www.evil.com.").Verdict != verdict.Block || d.ask("www.evil.com.", "192.0.2.1").Verdict == verdict.Block {
			t.Fatalf("%s is not a client of its own", client)
		}
		_, x := call(t, s, "GET", "/api/v1/explain?name=www.evil.com&client="+url.QueryEscape(client), "", nil)
		if x["client"] != client || x["verdict"] != "block" || x["flag"].(map[string]any)["client"] != client {
			t.Errorf("%v", x)
		}
		body, err := json.Marshal(map[string]string{"domain": "evil.com", "client": client})
		if err != nil {
			t.Fatal(err)
		}
		if status, a := call(t, s, "POST", "/api/v1/allow", string(body), nil); status != 200 || a["client"] != client {
			t.Errorf("status %d: %v", status, a)
		}
		if ask("www.evil.com.").Why != detect.Allowed || d.ask("www.evil.com.", "192.0.2.1").Why != detect.Judged {
			t.Errorf("what is allowed for %s is not for it alone", client)
		}
		if status, said := call(t, s, "DELETE", "/api/v1/allow?domain=evil.com&client="+url.QueryEscape(client), "", nil); status != 200 || ask("www.evil.com.").Why != detect.Judged {
			t.Errorf("status %d: %v", status, said)
		}
	}
}

func TestHostileNamesAreEscaped(t *testing.T) {
	d, s := serve(t, NewToken(secret))
	d.tunnel(t, `\<b\>\000&.com`, "192.0.2.1")
	r, err := http.NewRequest("GET", "http://"+s.Addr()+"/api/v1/flags", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil || strings.ContainsAny(string(text), "<>&\x00") || reply.Header.Get("X-Content-Type-Options") != "nosniff" || reply.Header.Get("Content-Type") != "application/json" {
		t.Errorf("error %v, %v: %s", err, reply.Header, text)
	}
}

// Whatever a request says, it is answered, and with JSON.
func FuzzAPI(f *testing.F) {
	models, err := model.Embedded()
	if err != nil {
		f.Fatal(err)
	}
	config := detect.Default()
	config.Models, config.Capacity = models, 100
	engine, err := detect.New(config, nil)
	if err != nil {
		f.Fatal(err)
	}
	a := newAPI("127.0.0.1:1", nil, &desk{engine: engine, watched: watch.New()}, newHub())
	f.Add("POST", "/api/v1/allow", `{"domain":"x.org","for":"1s"}`)
	f.Add("GET", "/api/v1/explain?name=%5c000.x.org&client=::1", "")
	f.Add("POST", "/api/v1/flags/0", `{"mark":"true"}`)
	f.Fuzz(func(t *testing.T, method, path, text string) {
		r, err := http.NewRequest(method, "http://127.0.0.1:1/", strings.NewReader(text))
		if err != nil {
			return
		}
		if u, err := r.URL.Parse(path); err == nil {
			r.URL = u
		}
		if strings.HasSuffix(r.URL.Path, "events") {
			return
		}
		w := &recorder{header: http.Header{}}
		// The guard is tested by itself.
		if _, pattern := a.routes.Handler(r); pattern == "" {
			a.lost(w, r)
		} else {
			a.routes.ServeHTTP(w, r)
		}
		if w.status >= 400 && !json.Valid(w.text) {
			t.Errorf("%s %q: status %d, %q", method, path, w.status, w.text)
		}
	})
}

// recorder keeps a reply.
type recorder struct {
	header http.Header
	status int
	text   []byte
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(s int)   { r.status = s }
func (r *recorder) Write(p []byte) (int, error) {
	r.text = append(r.text, p...)
	return len(p), nil
}
