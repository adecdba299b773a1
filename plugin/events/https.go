package events

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// poster posts each event as a request of its own.
type poster struct {
	certain
	url    string
	user   *url.Userinfo
	client *http.Client
}

// mostAnswer is how much is read of an answer, so that the connection can go on.
const mostAnswer = 64 << 10

func newPoster(u *url.URL) *poster {
	plain := *u
	plain.User = nil
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = 1
	return &poster{url: plain.String(), user: u.User, client: &http.Client{
		Transport: transport,
		// An event is for whom the Corefile names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (p *poster) send(ctx context.Context, _ *Event, text []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "notunnel")
	if p.user != nil {
		password, _ := p.user.Password()
		r.SetBasicAuth(p.user.Username(), password)
	}
	reply, err := p.client.Do(r)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // it names the whole URL, which may hold a secret
		}
		return err
	}
	defer reply.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(reply.Body, mostAnswer)); err != nil {
		return err
	}
	if reply.StatusCode/100 == 2 {
		return nil
	}
	err = fmt.Errorf("the answer is %d %s", reply.StatusCode, http.StatusText(reply.StatusCode))
	switch reply.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return refused{err}
	}
	return err
}

func (p *poster) close() { p.client.CloseIdleConnections() }
