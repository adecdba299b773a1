package events

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// server is an https receiver.
func server(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// A receiver that answers 500, closes in the middle and hangs up gets each event in turn
// all the same.
func TestHTTPS(t *testing.T) {
	var got inbox
	var requests atomic.Int32
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch requests.Add(1) {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
			return
		case 2:
			panic(http.ErrAbortHandler)
		case 3:
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		user, password, ok := r.BasicAuth()
		if !ok || user != "notunnel" || password != "s3cret" || r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" || r.URL.RequestURI() != "/in?key=k" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got.add(number(t, text))
	})
	b := newBench()
	f := b.feed(t, strings.Replace(s.URL, "https://", "https://notunnel:s3cret@", 1)+"/in?key=k")
	for n := range 30 {
		f.Tell(event(n))
	}
	until(t, "all events", func() bool { return got.has(30) && b.count(Sent) == 30 })
	if !got.once() || b.count(Retried) != 3 || got.last != 29 {
		t.Errorf("%v, the last is %d", b.results, got.last)
	}
	if said := b.logged(); strings.Contains(said, "s3cret") || strings.Contains(said, "key=") || !strings.Contains(said, "500") {
		t.Errorf("it says %q", said)
	}
}

// What a receiver will never take does not hold up the rest, and nothing goes elsewhere.
func TestHTTPSRefusals(t *testing.T) {
	var got inbox
	other := server(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect is followed") })
	redirected := atomic.Bool{}
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		switch n := number(t, text); {
		case n == 0:
			w.WriteHeader(http.StatusBadRequest)
		case n == 1 && !redirected.Swap(true):
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		default:
			got.add(n)
		}
	})
	b := newBench()
	f := b.feed(t, s.URL)
	for n := range 3 {
		f.Tell(event(n))
	}
	until(t, "the rest", func() bool { return b.count(Sent) == 2 })
	if b.count(Refused) != 1 || b.count(Retried) != 1 {
		t.Errorf("%v", b.results)
	}
	// A certificate that nobody vouches for.
	plain := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it is trusted") }))
	defer plain.Close()
	plain.Config.ErrorLog = nil
	strange := newBench()
	strange.feed(t, plain.URL).Tell(event(0))
	until(t, "failure", func() bool { return strange.count(Retried) > 0 })
}
