package notunnel

import (
	clog "github.com/coredns/coredns/plugin/pkg/log"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/split"
)

const pluginName = "notunnel"

var log = clog.NewWithPlugin(pluginName)

// sayEnforced says how many flags of mode monitor an engine in mode block begins with.
func sayEnforced(cfg *config, e *detect.Engine) {
	if !cfg.monitor {
		log.Warningf("mode block: %d flags of mode monitor are enforced from now on", len(e.Flags().All(now())))
	}
}

// flagLog writes the lines that the flags of an engine are worth.
type flagLog struct{ monitor bool }

// changed follows the flags: a line when one is raised and when it ends.
func (l flagLog) changed(c flags.Change) {
	f, action := &c.Flag, "block"
	if l.monitor {
		action = "monitor"
	}
	sld, scope := split.Text([]byte(f.SLD)), split.Text([]byte(f.Scope))
	if c.Kind == flags.Raised {
		log.Warningf("flagged sld=%s scope=%s client=%s ground=%s score=%.3f queries=%d leaked_bytes=%d action=%s reasons=%q",
			sld, scope, f.Client, f.Ground, f.Score, f.Queries, f.LeakedBytes, action, flags.Line(f.Reasons))
		return
	}
	log.Infof("released sld=%s scope=%s client=%s ground=%s blocked=%d action=%s why=%s",
		sld, scope, f.Client, f.Ground, f.Blocked, action, c.Kind)
}
