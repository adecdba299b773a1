package admin

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

func TestEvents(t *testing.T) {
	d, s := serve(t, NewToken(secret))
	open := func() *bufio.Scanner {
		r, err := http.NewRequest("GET", "http://"+s.Addr()+"/api/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		reply, err := http.DefaultClient.Do(r)
		if err != nil || reply.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatal(err, reply)
		}
		t.Cleanup(func() { reply.Body.Close() })
		lines := bufio.NewScanner(reply.Body)
		lines.Scan() // the greeting: it is joined
		return lines
	}
	lines := open()
	s.Publish("flagged", func() any { return map[string]string{"sld": "a\nb"} })
	call(t, s, "POST", "/api/v1/pause", `{"for":"1s"}`, nil)
	var got []string
	for len(got) < 4 && lines.Scan() {
		if lines.Text() != "" {
			got = append(got, lines.Text())
		}
	}
	if len(got) != 4 || got[0] != "event: flagged" || got[1] != `data: {"sld":"a\nb"}` || got[2] != "event: paused" || !strings.HasPrefix(got[3], `data: {"paused_until":"20`) {
		t.Errorf("%q", got)
	}
	// Who does not read is cut off, and nobody waits for him.
	slow := s.events.join()
	for range mostWaiting + 1 {
		s.Publish("flagged", func() any { return "x" })
	}
	n := 0
	for range slow {
		n++
	}
	if n != mostWaiting {
		t.Errorf("%d events waited, want %d", n, mostWaiting)
	}
	s.Switch(NewToken(secret), d)
	for lines.Scan() { // ends
	}
}
