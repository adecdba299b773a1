package detect

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/joint"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
	"github.com/notunnel/notunnel/plugin/window"
)

// Config is what an engine works by.
type Config struct {
	Models     *model.Models     // without a forest, windows roll and nothing is judged
	Thresholds forest.Thresholds // scores from which a pair is flagged, in (0,1]; none: the model's own. For joint windows the higher one holds
	Window     time.Duration     // how far back a window reaches
	BlockFor   time.Duration     // how long a flag outlasts the last blocked query
	Capacity   int               // windows held
	Bits4      int               // bits of an IPv4 address that make one client
	Bits6      int               // the same for IPv6
	Allow      *verdict.AllowList
	Deny       *verdict.DenyList // nil: nothing is denied
	Standing   *standing.List    // nil: every SLD is unknown
	Exempt     []netip.Prefix    // clients never judged
	Key        keyhash.Key       // secret; engines inherit from those of the same key only
	Budget     meter.Limits      // of unknown SLDs; of listed ones it is four times, of popular ones sixteen times as much

	Watcher Watcher            // may be nil
	Metered func(meter.Passed) // see meter.Config.Watch; may be nil
}

// Watcher counts what goes on in an engine. It is called concurrently.
type Watcher interface {
	Took(Stage, time.Duration) // of every 64th
	Fault(Stage)               // no answer: the query passed
	Passed(up, down uint64)    // information of a pair in four hours that are over, bytes
}

// Default is the configuration of a Corefile with no options, but for models,
// allow list and key.
func Default() Config {
	return Config{
		Window: time.Hour, BlockFor: time.Hour, Capacity: 65536, Bits4: 32, Bits6: 64,
		Budget: meter.Limits{Up: meter.FromBytes(256 << 10), Down: meter.FromBytes(64 << 10)},
	}
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
// Config.Capacity and flags.Capacity.
type Engine struct {
	config   Config
	networks subject.Networks
	rules    verdict.Rules
	windows  *window.Rules
	pairs    *pairs
	joint    *joint.Store
	flags    *flags.Table
	meter    *meter.Meter
	code     meter.Code
	names    names
	scores   bool // there is a forest
	allow    atomic.Pointer[verdict.AllowList]
	deny     atomic.Pointer[verdict.DenyList]
	orders   orders
	standing atomic.Pointer[standing.List]

	_        [64]byte      // what every query reads is on another line than what some write
	measured atomic.Uint32 // how often, for timing some
	scored   atomic.Uint32 // likewise
}

// When a window is worth a score: with some evidence, an eighth of it new; at everything
// new while the last score is half of what flags.
const (
	dueEvents      = 3
	dueInformation = 64 // bytes
	dueShare       = 1. / 8
	suspicious     = 0.5 // of the threshold
)

// What is metered besides pairs of an SLD and a client: all of a client, and second keys.
const (
	pairsPerAccount = 4
	leastAccounts   = 1024
)

// New makes an engine. If prev is not nil, the engine begins with what that one
// remembers; see Inherit.
func New(c Config, prev *Engine) (*Engine, error) {
	if c.Models == nil {
		return nil, errors.New("detect: no models")
	}
	joined := jointRules(c.Models.Joint, c.Thresholds.Unknown)
	if c.Thresholds == (forest.Thresholds{}) {
		c.Thresholds = c.Models.Thresholds
	}
	switch {
	case c.Capacity < 1:
		return nil, fmt.Errorf("detect: capacity %d holds no window", c.Capacity)
	case c.Window <= 0 || c.BlockFor <= 0:
		return nil, fmt.Errorf("detect: window %v and block time %v must be positive", c.Window, c.BlockFor)
	}
	if err := c.Thresholds.Check(); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	networks, err := subject.NewNetworks(c.Bits4, c.Bits6)
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	e := &Engine{
		config:   c,
		names:    newNames(c.Capacity),
		scores:   c.Models.Forest != nil,
		networks: networks,
		rules: verdict.Rules{
			Floor: verdict.Evidence{Events: c.Models.Floor.Events, Information: uint64(c.Models.Floor.Information)},
			Joint: joined,
		},
		flags: flags.New(c.Key, c.BlockFor),
	}
	e.SetStanding(c.Standing)
	e.code = meter.Code{Domains: domains{e}}
	if c.Models.Surprisal != nil {
		e.code.Spell = c.Models.Surprisal
	}
	e.windows = window.NewRules(window.Config{
		Key:  c.Key,
		Span: window.Ticks(c.Window),
		Due: window.Due{
			Events:      dueEvents,
			Information: dueInformation,
			Share:       dueShare,
			Suspicious:  suspicious * float32(c.Thresholds.Least()),
		},
		Measure: e.measure,
	})
	e.joint = joint.NewStore(joint.Config{
		Capacity: max(c.Capacity/pairsPerClient, leastClients),
		Key:      c.Key,
		Span:     window.Ticks(jointWindows * c.Window),
		Bits:     func(text []byte) int { return e.code.Name(text).Whole() },
		Least:    jointBits,
	})
	config := meter.Config{
		Capacity: c.Capacity, Here: max(c.Capacity/pairsPerAccount, leastAccounts), Key: c.Key,
		Limits: c.Budget, Code: e.code, Factor: e.factor, Watch: c.Metered,
	}
	if c.Watcher != nil {
		config.Ended = func(up, down meter.Bits) { c.Watcher.Passed(up.Bytes(), down.Bytes()) }
	}
	e.meter = meter.New(config)
	e.pairs = newPairs(c.Capacity, e.meter)
	e.SetAllow(c.Allow)
	e.SetDeny(c.Deny)
	if prev != nil {
		e.Inherit(prev)
	}
	return e, nil
}

// Inherit takes over from an engine what this one does not have itself: flags, what
// was metered, and copies of windows where they mean the same to both, which sums of another
// model's losses do not. Nothing is taken over if other bits of an address make
// a client, or under another key. The other engine is left as it is and may go on
// deciding; until it goes, the windows are held twice.
func (e *Engine) Inherit(from *Engine) {
	e.inheritOrders(from)
	if e.knowsPairsOf(from) {
		same := from.config.Models.ID == e.config.Models.ID
		if same {
			e.joint.Inherit(from.joint)
		}
		e.meter.Inherit(from.meter)
		e.pairs.inherit(from.pairs, same)
		e.InheritFlags(from)
	}
}

// InheritFlags is Inherit without windows, for an engine that is in use: it
// takes over what another one flagged last.
func (e *Engine) InheritFlags(from *Engine) {
	e.inheritOrders(from)
	if e.knowsPairsOf(from) {
		for _, pair := range e.flags.Inherit(from.flags, e.allowsFlag) {
			e.pairs.forget(pair) // a block ends in a fresh window
		}
	}
}

func (e *Engine) knowsPairsOf(other *Engine) bool {
	return e.networks == other.networks && e.config.Key == other.config.Key
}

// SetAllow puts another allow list in force and releases what it covers. A nil list
// allows nothing.
func (e *Engine) SetAllow(l *verdict.AllowList) {
	if l == nil {
		l = &verdict.AllowList{}
	}
	e.allow.Store(l)
	e.names.forget()
	e.flags.Release(flags.Allowed, e.allowsFlag)
}

// allowsFlag reports whether the allow list covers what the flag blocks.
func (e *Engine) allowsFlag(f *flags.Flag) bool { return e.allow.Load().Covers([]byte(f.Scope)) }

// SetStanding puts another list of popular domains in force. With a nil list every
// SLD is unknown.
func (e *Engine) SetStanding(l *standing.List) {
	if l == nil {
		l = standing.None()
	}
	e.standing.Store(l)
	e.names.forget()
}

// Standing is what is known of an SLD.
func (e *Engine) Standing(sld []byte) standing.Standing { return e.standing.Load().Of(sld) }

// threshold is the score from which a pair below the SLD is flagged.
func (e *Engine) threshold(sld []byte) float64 {
	switch e.Standing(sld) {
	case standing.Popular:
		return e.config.Thresholds.Popular
	case standing.Listed:
		return e.config.Thresholds.Listed
	}
	return e.config.Thresholds.Unknown
}

// Flags is the table of who is blocked.
func (e *Engine) Flags() *flags.Table { return e.flags }

// Count returns how many windows the engine holds, and how many it evicted for
// lack of room.
func (e *Engine) Count() (windows int, evicted uint64) { return e.pairs.count() }
