package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Bounds on who reads events.
const (
	mostStreams  = 16
	mostWaiting  = 256 // events that a stream may be behind
	streamWrite  = 10 * time.Second
	streamSilent = 15 * time.Second
)

// hub passes events on to those who read them. Nobody waits for a reader: one that is too
// far behind is cut off, and can ask again.
type hub struct {
	mu      sync.Mutex
	streams map[chan []byte]bool
}

func newHub() *hub { return &hub{streams: map[chan []byte]bool{}} }

// publish tells all of an event.
func (h *hub) publish(kind string, data any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.streams) == 0 {
		return
	}
	text, err := json.Marshal(data)
	if err != nil { // a number that is none
		return
	}
	event := fmt.Appendf(nil, "event: %s\ndata: %s\n\n", kind, text)
	for stream := range h.streams {
		select {
		case stream <- event:
		default:
			h.cut(stream)
		}
	}
}

// reads reports whether anybody reads.
func (h *hub) reads() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.streams) > 0
}

// join returns a stream, or nil if there are too many.
func (h *hub) join() chan []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.streams) >= mostStreams {
		return nil
	}
	stream := make(chan []byte, mostWaiting)
	h.streams[stream] = true
	return stream
}

func (h *hub) leave(stream chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut(stream)
}

// cut ends a stream. The hub is locked.
func (h *hub) cut(stream chan []byte) {
	if h.streams[stream] {
		delete(h.streams, stream)
		close(stream)
	}
}

// end ends all streams.
func (h *hub) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for stream := range h.streams {
		h.cut(stream)
	}
}

// stream answers with events as they happen (text/event-stream).
func (a *api) stream(w http.ResponseWriter, r *http.Request) {
	stream := a.events.join()
	if stream == nil {
		fail(w, http.StatusServiceUnavailable, fmt.Sprintf("%d clients read events already", mostStreams))
		return
	}
	defer a.events.leave(stream)
	control := http.NewResponseController(w)
	send := func(text []byte) bool {
		if control.SetWriteDeadline(time.Now().Add(streamWrite)) != nil {
			return false
		}
		_, err := w.Write(text)
		return err == nil && control.Flush() == nil
	}
	w.Header().Set("Content-Type", "text/event-stream")
	// Reading ends the request when the client goes, and is not to end it before.
	if control.SetReadDeadline(time.Time{}) != nil || !send([]byte(": notunnel\n\n")) {
		return
	}
	silent := time.NewTicker(streamSilent)
	defer silent.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case event, open := <-stream:
			if !open || !send(event) {
				return
			}
		case <-silent.C:
			if !send([]byte(": still here\n\n")) {
				return
			}
		}
	}
}
