package admin

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGuard(t *testing.T) {
	_, s := serve(t, NewToken(secret))
	_, open := serve(t, nil)
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	header := func(key, value string) func(*http.Request) {
		return func(r *http.Request) {
			if r.Header.Del(key); value != "" {
				r.Header.Set(key, value)
			}
		}
	}
	port := s.Addr()[strings.LastIndexByte(s.Addr(), ':'):]
	for _, c := range []struct {
		name   string
		server *Server
		method string
		change func(*http.Request)
		want   int
	}{
		{"right token", s, "GET", nil, 200},
		{"no token", s, "GET", header("Authorization", ""), 401},
		{"wrong token", s, "GET", header("Authorization", "Bearer "+secret+"0"), 401},
		{"another scheme", s, "GET", header("Authorization", "Basic "+secret), 401},
		{"no scheme", s, "GET", header("Authorization", secret), 401},
		{"scheme in lower case", s, "GET", header("Authorization", "bearer "+secret), 200},
		{"foreign host", s, "GET", host("evil.example" + port), 403},
		{"foreign host that ends alike", s, "GET", host("127.0.0.1.evil.example"), 403},
		{"another address", s, "GET", host("192.0.2.1" + port), 403},
		{"no host", s, "GET", host("x"), 403},
		{"localhost", s, "GET", host("localhost" + port), 200},
		{"another loopback address", s, "GET", host("[::1]:1"), 200},
		{"own origin", s, "GET", header("Origin", "http://"+s.Addr()), 200},
		{"foreign origin", s, "GET", header("Origin", "http://evil.example"), 403},
		{"no origin", s, "GET", header("Origin", "null"), 403},
		{"foreign host without a token", open, "GET", host("evil.example"), 403},
		{"reading without a token", open, "GET", nil, 200},
		{"writing without a token", open, "DELETE", nil, 405},
		{"writing with one", s, "DELETE", nil, 200},
		{"another method", s, "PUT", nil, 405},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, said := call(t, c.server, c.method, "/api/v1/flags", "", c.change); got != c.want {
				t.Errorf("status %d, want %d: %v", got, c.want, said)
			}
		})
	}
	for path, want := range map[string]int{"/": 200, "/api/v1/": 404, "/api/v2/status": 404, "/x": 404, "/api/v1/status": 200} {
		if got, _ := call(t, s, "GET", path, "", nil); got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
}

// A client that sends its request slowly, or none, holds no connection for long, and
// more of them than there are connections do not keep the server from ending.
func TestSlowClients(t *testing.T) {
	_, s := serve(t, NewToken(secret))
	for range mostConnections + 10 {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET / HTTP/1.1\r\n")
	}
	time.Sleep(headerTimeout + time.Second)
	if status, _ := call(t, s, "GET", "/api/v1/status", "", nil); status != 200 {
		t.Errorf("status %d", status)
	}
}

func TestRateIsBounded(t *testing.T) {
	_, s := serve(t, NewToken(secret))
	statuses := map[int]int{}
	for range 2 * wrongBurst {
		status, _ := call(t, s, "GET", "/api/v1/status", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer wrong") })
		statuses[status]++
	}
	if statuses[401] < wrongBurst || statuses[429] == 0 || len(statuses) != 2 {
		t.Errorf("%v", statuses)
	}
	if status, _ := call(t, s, "GET", "/api/v1/status", "", nil); status != 200 {
		t.Errorf("who has the token is kept out by who has not: %d", status)
	}
	clear(statuses)
	for range 3 * requestBurst {
		status, _ := call(t, s, "GET", "/api/v1/allow", "", nil)
		statuses[status]++
	}
	if statuses[200] < requestBurst-1 || statuses[429] == 0 || len(statuses) != 2 {
		t.Errorf("%v", statuses)
	}
}

func TestReadToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	for _, c := range []struct {
		text string
		mode os.FileMode
		want string
	}{
		{secret + "\n", 0o600, ""},
		{"  " + secret, 0o640, ""},
		{secret, 0o604, "can be read or changed by everybody"},
		{secret, 0o602, "can be read or changed by everybody"},
		{"", 0o600, "it is empty"},
		{" \n", 0o600, "it is empty"},
		{"short", 0o600, "at least 16 are needed"},
		{"two words of some length", 0o600, "one line"},
		{secret + "\n" + secret, 0o600, "one line"},
		{strings.Repeat("x", 5000), 0o600, "longer than"},
	} {
		os.Remove(path)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		token, err := ReadToken(path)
		switch {
		case c.want == "" && (err != nil || !token.is("Bearer "+secret)):
			t.Errorf("%q: error %v", c.text, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path)):
			t.Errorf("%.20q, %v: error %v, want %q", c.text, c.mode, err, c.want)
		}
	}
	if _, err := ReadToken(filepath.Dir(path)); err == nil {
		t.Error("a folder is a token file")
	}
}

func TestCheckAddr(t *testing.T) {
	for addr, want := range map[string][2]bool{ // without a token, with one
		"127.0.0.1:8053": {true, true}, "[::1]:8053": {true, true}, "localhost:8053": {true, true}, "127.9.9.9:1": {true, true},
		":8053": {false, true}, "0.0.0.0:8053": {false, true}, "192.0.2.1:8053": {false, true}, "[::]:8053": {false, true}, "admin.example:8053": {false, true},
		"8053": {}, "127.0.0.1": {}, "127.0.0.1:": {}, "127.0.0.1:none": {}, "127.0.0.1:99999": {}, "": {},
	} {
		if got := [2]bool{CheckAddr(addr, false) == nil, CheckAddr(addr, true) == nil}; got != want {
			t.Errorf("%q: %v, want %v", addr, got, want)
		}
	}
}
