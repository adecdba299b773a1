package notunnel

import (
	"github.com/coredns/caddy"
)

// instance stands for one start of CoreDNS, which a reload replaces by another.
type instance struct{ _ byte } // two are never at the same address

// instanceOf is the instance that is being set up.
func instanceOf(c *caddy.Controller) *instance {
	if i, ok := c.Get(pluginName).(*instance); ok {
		return i
	}
	i := new(instance)
	c.Set(pluginName, i)
	return i
}

// running reports whether the instance is starting or serves: CoreDNS keeps a
// list of those, and takes one that failed off it.
func (i *instance) running() bool {
	for _, known := range caddy.Instances() {
		known.StorageMu.RLock()
		found := known.Storage[pluginName] == i
		known.StorageMu.RUnlock()
		if found {
			return true
		}
	}
	return false
}
