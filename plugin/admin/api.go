package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// api answers the requests for one engine.
type api struct {
	*guard
	backend Backend
	events  *hub
	routes  *http.ServeMux
}

func newAPI(addr string, token Token, b Backend, events *hub) *api {
	a := &api{guard: newGuard(addr, token), backend: b, events: events, routes: http.NewServeMux()}
	const v1 = "/api/v1/"
	for pattern, answer := range map[string]func(*http.Request) (any, error){
		"GET " + v1 + "status":          a.status,
		"GET " + v1 + "flags":           a.flags,
		"DELETE " + v1 + "flags":        a.releaseAll,
		"DELETE " + v1 + "flags/{id}":   a.release,
		"POST " + v1 + "flags/{id}":     a.mark,
		"GET " + v1 + "flags/{id}/case": a.caseOf,
		"GET " + v1 + "allow":           a.allowances,
		"POST " + v1 + "allow":          a.allow,
		"DELETE " + v1 + "allow":        a.disallow,
		"GET " + v1 + "lists":           a.lists,
		"GET " + v1 + "explain":         a.explain,
		"GET " + v1 + "watch":           a.watched,
		"GET " + v1 + "forecast":        a.forecast,
		"POST " + v1 + "pause":          a.pause,
	} {
		a.routes.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { reply(w, r, answer) })
	}
	a.routes.HandleFunc("GET "+v1+"events", a.stream)
	a.routes.HandleFunc("GET /{$}", root)
	return a
}

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if !a.passes(w, r) {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostBody)
	// The multiplexer says in plain text what it has no route for.
	if _, pattern := a.routes.Handler(r); pattern == "" {
		a.lost(w, r)
		return
	}
	a.routes.ServeHTTP(w, r)
}

// lost answers a request that there is no route for.
func (a *api) lost(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := *r
		other.Method = method
		if _, pattern := a.routes.Handler(&other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		fail(w, http.StatusNotFound, "there is nothing here: /api/v1/status is the beginning")
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	fail(w, http.StatusMethodNotAllowed, fmt.Sprintf("%.20q is not done here, but %s", r.Method, strings.Join(allowed, ", ")))
}

// refusal is an error with the status that it is answered with.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func bad(err error) error { return &refusal{status: http.StatusBadRequest, text: err.Error()} }

// reply answers with what a route returns.
func reply(w http.ResponseWriter, r *http.Request, answer func(*http.Request) (any, error)) {
	v, err := answer(r)
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		fail(w, refused.status, refused.text)
	case err != nil:
		fail(w, http.StatusInternalServerError, err.Error())
	default:
		write(w, http.StatusOK, v)
	}
}

func fail(w http.ResponseWriter, status int, text string) {
	write(w, status, map[string]string{"error": text})
}

func write(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil { // a number that is none
		status, text = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(text, '\n')) // who has gone does not read it
}

// body reads the JSON object of a request.
func body(r *http.Request, into any) error {
	in := json.NewDecoder(r.Body)
	in.DisallowUnknownFields()
	err := in.Decode(into)
	if err == nil {
		_, err = in.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err == nil:
			err = errors.New("there is more than one object in it")
		}
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &refusal{status: http.StatusRequestEntityTooLarge, text: fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit)}
	case errors.Is(err, io.EOF):
		err = errors.New("it is empty")
	}
	return bad(fmt.Errorf("the body is not the JSON object that is wanted: %w", err))
}

// root answers at the root.
func root(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "notunnel: the interface is JSON below /api/v1/: status, flags, allow, lists, explain, watch, forecast, events.\n")
}
