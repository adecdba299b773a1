package notunnel

import (
	"fmt"
	"os"
	"sync"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/plugin/admin"
)

func init() { plugin.Register(pluginName, setup) }

// setup reads the directive, the models and the lists, so that whatever
// is wrong with them stops the start. The engine itself is made on start-up,
// when the whole Corefile is known to be good.
func setup(c *caddy.Controller) error {
	cfg, err := parse(c)
	if err != nil {
		return plugin.Error(pluginName, err)
	}
	cfg.digests = map[string]digest{}
	for _, l := range cfg.lists() {
		cfg.digests[l.name] = l.digest()
		warnings, err := l.read(&cfg.engine)
		if err != nil {
			return plugin.Error(pluginName, err)
		}
		for _, warning := range warnings {
			log.Warning(warning)
		}
	}
	if cfg.tokenFile != "" {
		if cfg.token, err = admin.ReadToken(cfg.tokenFile); err != nil {
			return plugin.Error(pluginName, err)
		}
	}
	cfg.engine.Watcher, cfg.engine.Key = watcher{}, key

	n := &Notunnel{zones: cfg.zones, monitor: cfg.monitor, refuse: cfg.refuse, clientIDs: cfg.clientIDs}
	block, by := dnsserver.GetConfig(c), instanceOf(c)
	var l *lease
	c.OnStartup(func() (err error) {
		// Blocks may have the same keys if they differ in address or view,
		// which is known only now.
		name := fmt.Sprint(c.ServerBlockKeys, block.ListenHosts, block.ViewName)
		if l, err = engines.acquire(&cfg, name, by); err != nil {
			return plugin.Error(pluginName, err)
		}
		n.shared, n.view = l.sharedEngine, block.ViewName
		n.published = block.Handler("metadata") != nil
		n.ready.Store(true)
		return nil
	})
	c.OnShutdown(func() error {
		engines.release(l)
		return nil
	})
	c.OnRestartFailed(func() error {
		engines.sweep()
		return nil
	})
	block.AddPlugin(func(next plugin.Handler) plugin.Handler {
		n.Next = next
		return n
	})
	return nil
}

// embedded loads the models of the binary once.
var embedded = sync.OnceValues(model.Embedded)

func models(dir string) (*model.Models, error) {
	if dir == "" {
		return embedded()
	}
	m, err := model.Load(os.DirFS(dir), dir)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return m, nil
}
