package admin

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/time/rate"
)

// requestsASec is how many requests a second are served, of all clients together, and
// wrongASec how many with a wrong token are told so.
const (
	requestsASec = 50
	requestBurst = 100
	wrongASec    = 5
	wrongBurst   = 20
)

// guard lets a request through, or answers it.
type guard struct {
	host  string // of the address, as configured
	token Token
	pace  *rate.Limiter
	wrong *rate.Limiter
}

func newGuard(addr string, token Token) *guard {
	host, _, _ := net.SplitHostPort(addr) // it is listened on
	return &guard{
		host: host, token: token,
		pace: rate.NewLimiter(requestsASec, requestBurst), wrong: rate.NewLimiter(wrongASec, wrongBurst),
	}
}

// passes reports whether the request may go on. If it may not, it is answered.
func (g *guard) passes(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case !g.knows(r.Host):
		fail(w, http.StatusForbidden, "the Host of the request is not this server: ask it by its address")
	case !sameOrigin(r):
		fail(w, http.StatusForbidden, "the request comes from a page of another origin")
	case g.token != nil && !g.token.is(r.Header.Get("Authorization")):
		if !g.wrong.Allow() {
			fail(w, http.StatusTooManyRequests, "too many requests without the right token")
			return false
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		fail(w, http.StatusUnauthorized, "every request needs the header Authorization: Bearer TOKEN, with the token of the token file")
	case !g.pace.Allow():
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusTooManyRequests, "too many requests: try again in a second")
	case g.token == nil && r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		fail(w, http.StatusMethodNotAllowed, "without a token file this interface only reads: name one behind the address of admin")
	default:
		return true
	}
	return false
}

// knows reports whether a Host is this server. An address is always where the browser
// went to; a name can be made to lead here. A server on loopback is none of other
// addresses.
func (g *guard) knows(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if host == strings.ToLower(g.host) && host != "" {
		return true
	}
	if loopback(g.host) {
		return loopback(host)
	}
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost"
}

// sameOrigin reports whether no page of another origin makes the request.
func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, r.Host)
}
