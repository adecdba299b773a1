package notunnel

// Ready implements the ready.Readiness interface: true once there are models
// to judge by.
func (n *Notunnel) Ready() bool { return n.ready.Load() }
