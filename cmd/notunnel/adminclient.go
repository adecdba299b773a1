package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/notunnel/notunnel/plugin/admin"
)

// adminClient asks a server by its interface for people.
type adminClient struct {
	http   http.Client
	base   string
	secret string // "" for none
}

// Bounds on what a server, or what takes itself for one, can take.
const (
	adminPatience = 30 * time.Second
	mostReply     = 64 << 20
)

// refusedError says that a server did not do what it was asked for.
type refusedError struct{ said string }

func (e *refusedError) Error() string { return e.said }

func newAdminClient(o *ctlOptions) (*adminClient, error) {
	c := &adminClient{base: o.admin, http: http.Client{
		Timeout:       adminPatience,
		Transport:     &http.Transport{}, // no proxy: the token is nobody else's
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if !strings.Contains(c.base, "://") {
		c.base = "http://" + c.base
	}
	u, err := url.Parse(c.base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("--admin: %q is neither HOST:PORT nor a URL", o.admin)
	}
	c.base = strings.TrimSuffix(c.base, "/") + "/api/v1/"
	if o.token != "" {
		if c.secret, err = admin.Secret(o.token); err != nil {
			return nil, fmt.Errorf("--token: %w", err)
		}
	}
	return c, nil
}

// do makes a request and returns the body of the reply. What the server refuses is a
// refusedError.
func (c *adminClient) do(method, path string, body any) ([]byte, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequest(method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if c.secret != "" {
		r.Header.Set("Authorization", "Bearer "+c.secret)
	}
	reply, err := c.http.Do(r)
	if err != nil {
		var at *url.Error // it would show all of the URL
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, fmt.Errorf("%s cannot be reached: %w", strings.TrimSuffix(c.base, "/api/v1/"), err)
	}
	defer reply.Body.Close()
	said, err := io.ReadAll(io.LimitReader(reply.Body, mostReply))
	if err != nil {
		return nil, fmt.Errorf("reading the reply: %w", err)
	}
	if reply.StatusCode == http.StatusOK {
		return said, nil
	}
	var refusal struct{ Error string }
	if json.Unmarshal(said, &refusal) != nil || refusal.Error == "" {
		return nil, fmt.Errorf("%s does not answer as notunnel does: status %d", strings.TrimSuffix(c.base, "/api/v1/"), reply.StatusCode)
	}
	return nil, &refusedError{said: onTerminal(refusal.Error)}
}
