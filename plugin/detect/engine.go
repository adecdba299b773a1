package detect

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/verdict"
	"github.com/notunnel/notunnel/plugin/window"
)

// Config is what an engine works by.
type Config struct {
	Models    *model.Models // without a forest, windows roll and nothing is judged
	Threshold float64       // score from which a pair is flagged, in (0,1]; 0: the model's own
	Window    time.Duration // how far back a window reaches
	BlockFor  time.Duration // how long a flag outlasts the last blocked query
	Capacity  int           // windows held
	Bits4     int           // bits of an IPv4 address that make one client
	Bits6     int           // the same for IPv6
	Allow     *verdict.AllowList
	Exempt    []netip.Prefix // clients never judged

	Meter Meter // told of inference; may be nil
}

// Meter is told how inference goes. It is called concurrently.
type Meter interface {
	Took(Stage, time.Duration) // of every 64th
	Fault(Stage)               // no answer: the query passed
}

// Default is the configuration of a Corefile with no options, but for models
// and allow list.
func Default() Config {
	return Config{Window: time.Hour, BlockFor: time.Hour, Capacity: 65536, Bits4: 32, Bits6: 64}
}

// Stage is a part of the inference that is timed, and where a fault can be.
type Stage uint8

const (
	Segmentation Stage = iota
	Autoencoder
	Forest
)

// Stages names every stage.
var Stages = [...]string{"segment", "autoencoder", "forest"}

func (s Stage) String() string { return Stages[s] }

// Engine decides. Safe for concurrent use; its memory is bounded by
// Config.Capacity.
type Engine struct {
	config  Config
	store   *window.Store
	allow   atomic.Pointer[verdict.AllowList]
	scratch sync.Pool
	span    window.Tick
	hold    window.Tick
	mask4   mask
	mask6   mask
}

// scratch is what a query needs for a moment; pooled, because it is too large
// for the stack of every query.
type scratch struct {
	name     split.Name
	key      [split.MaxName + 64]byte
	query    window.Query
	measures window.Measures
	summary  feature.Summary

	measured, scored uint32 // how often, for timing some
}

// New makes an engine. If prev is not nil, the engine begins with what that one
// remembers; see Inherit.
func New(c Config, prev *Engine) (*Engine, error) {
	if c.Models == nil {
		return nil, errors.New("detect: no models")
	}
	if c.Threshold == 0 {
		c.Threshold = c.Models.Threshold
	}
	switch {
	case !(c.Threshold > 0 && c.Threshold <= 1):
		return nil, fmt.Errorf("detect: threshold %v is not in (0,1]", c.Threshold)
	case c.Capacity < 1:
		return nil, fmt.Errorf("detect: capacity %d holds no window", c.Capacity)
	case c.Window <= 0 || c.BlockFor <= 0:
		return nil, fmt.Errorf("detect: window %v and block time %v must be positive", c.Window, c.BlockFor)
	case c.Bits4 < 0 || c.Bits4 > 32 || c.Bits6 < 0 || c.Bits6 > 128:
		return nil, fmt.Errorf("detect: client prefix /%d, /%d is out of range", c.Bits4, c.Bits6)
	}
	e := &Engine{config: c, span: window.Ticks(c.Window), hold: window.Ticks(c.BlockFor)}
	e.scratch.New = func() any { return new(scratch) }
	e.mask4, e.mask6 = maskOf(v4InV6+c.Bits4), maskOf(c.Bits6)
	e.SetAllow(c.Allow)
	e.store = window.NewStore(c.Capacity)
	if prev != nil {
		e.Inherit(prev)
	}
	return e, nil
}

// Inherit takes over from an engine what this one does not have itself: flags,
// and copies of windows where they mean the same to both, which sums of another
// model's losses do not. Nothing is taken over if other bits of an address make
// a client. The other engine is left as it is and may go on deciding; until it
// goes, the windows are held twice.
func (e *Engine) Inherit(from *Engine) {
	e.inherit(from, from.config.Models.ID == e.config.Models.ID)
}

// InheritFlags is Inherit without windows, for an engine that is in use: it
// takes over what another one flagged last.
func (e *Engine) InheritFlags(from *Engine) { e.inherit(from, false) }

func (e *Engine) inherit(from *Engine, windows bool) {
	if from.mask4 == e.mask4 && from.mask6 == e.mask6 {
		e.store.Inherit(from.store, windows)
	}
}

// mask is the part of an address that makes a client, high half first.
type mask [2]uint64

func maskOf(bits int) (m mask) {
	for i := range bits {
		m[i/64] |= 1 << 63 >> (i % 64)
	}
	return m
}

// SetAllow puts another allow list in force. A nil list allows nothing.
func (e *Engine) SetAllow(l *verdict.AllowList) {
	if l == nil {
		l = &verdict.AllowList{}
	}
	e.allow.Store(l)
}

// Count returns how many windows and flags the engine holds, and how many
// windows it evicted for lack of room.
func (e *Engine) Count() (windows, flags int, evicted uint64) { return e.store.Count() }

// ClientName is how the client of a query is called: its address, the network
// that it is judged as part of, or its source.
func (e *Engine) ClientName(addr netip.Addr, source string) string {
	if !addr.IsValid() {
		return source
	}
	addr = addr.Unmap().WithZone("")
	bits := e.config.Bits4
	if addr.Is6() {
		bits = e.config.Bits6
	}
	if bits == addr.BitLen() {
		return addr.String()
	}
	network, _ := addr.Prefix(bits) // bits were checked by New
	return network.String()
}
