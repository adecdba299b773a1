package events

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Target is where events go.
type Target struct {
	kind string // as metrics and people have it: file, syslog or https
	text string // as it was given; it may hold a password
	path string // of a file
	url  *url.URL
}

// Kind is file, syslog or https.
func (t Target) Kind() string { return t.kind }

// Kinds are all of them.
var Kinds = []string{"file", "syslog", "https"}

// String is the target without what may be secret.
func (t Target) String() string {
	if t.kind == "file" {
		return t.path
	}
	return t.url.Scheme + "://" + t.url.Host
}

// The schemes of syslog, and the port that each has if none is given.
var syslogPorts = map[string]string{"syslog": "514", "syslog+tcp": "514", "syslog+tls": "6514"}

const form = "a file, syslog://HOST:PORT, syslog+tcp://…, syslog+tls://… or https://… is wanted"

// ParseTarget reads a target. path makes the path of a file of what was given.
func ParseTarget(text string, path func(string) string) (Target, error) {
	if !strings.Contains(text, "://") {
		return Target{kind: "file", text: text, path: path(text)}, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return Target{}, fmt.Errorf("no URL: %s", form) // what it says may hold a password
	}
	t := Target{text: text, url: u}
	port, syslog := syslogPorts[u.Scheme]
	switch {
	case u.Hostname() == "":
		return t, fmt.Errorf("%s:// names no host: %s", u.Scheme, form)
	case syslog && (u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != ""):
		return t, fmt.Errorf("%s has more than host and port: %s", t, form)
	case syslog:
		t.kind = "syslog"
		u.Host = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	case u.Scheme == "https":
		t.kind = "https"
	default:
		return t, fmt.Errorf("%s: %s", t, form)
	}
	if p := u.Port(); p != "" {
		if n, err := net.LookupPort("tcp", p); err != nil || n == 0 {
			return t, fmt.Errorf("%s: %s is no port", t, p)
		}
	}
	return t, nil
}

// sink sends to one target. It is used by one goroutine.
type sink interface {
	// send sends an event, which is tried again after an error, but for a refused one.
	send(ctx context.Context, e *Event, text []byte) error
	// broke is closed when what was sent last may be lost; nil if that cannot be known.
	// Then repeat sends that again.
	broke() <-chan struct{}
	repeat(ctx context.Context) error
	close()
}

// certain is a sink that knows of each event whether it was taken.
type certain struct{}

func (certain) broke() <-chan struct{}       { return nil }
func (certain) repeat(context.Context) error { return nil }

// refused is the error of an event that its receiver will never take.
type refused struct{ error }

// open makes the sink of a target. That of a file it opens.
func (t Target) open() (sink, error) {
	switch t.kind {
	case "file":
		return openFile(t.path)
	case "https":
		return newPoster(t.url), nil
	}
	return newSyslog(t.url), nil
}
