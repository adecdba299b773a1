//go:build e2e

package test

import (
	"net"
	"os"
	"testing"

	"github.com/notunnel/notunnel/test/lab"
)

func TestE2EIodine(t *testing.T) {
	needs(t, "ip", "iodine", "iodined")
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		skip(t, err)
	}
	for _, qtype := range []string{"NULL", "TXT"} {
		t.Run(qtype, func(t *testing.T) {
			tryTunnel(t, func(t *testing.T, transfers int64) *rig { return newIodine(t, qtype, transfers) }, tunnelBlocked, tunnelCut)
		})
	}
}

// tunServer is the server's address inside the tunnel.
const tunServer = "10.98.0.1"

// newIodine is a rig over two namespaces joined by a cable, since both ends of
// the tunnel have an address of the same network.
func newIodine(t *testing.T, qtype string, transfers int64) *rig {
	t.Helper()
	const zone = "t.tunnel-lab.com"
	r := &rig{
		server: newNamespace(t, "a"), clients: newNamespace(t, "b"),
		addr: "10.99.9.1", guilty: "10.99.9.2", other: "10.99.9.3", innocent: "10.99.9.4",
		sld: "tunnel-lab.com", transfers: transfers,
	}
	here, there := string(r.server)+"v", string(r.clients)+"v"
	ip(t, "-n", string(r.server), "link", "add", here, "type", "veth", "peer", "name", there, "netns", string(r.clients))
	ip(t, "-n", string(r.server), "addr", "add", r.addr+"/29", "dev", here)
	for _, client := range []string{r.guilty, r.other, r.innocent} {
		ip(t, "-n", string(r.clients), "addr", "add", client+"/29", "dev", there)
	}
	ip(t, "-n", string(r.server), "link", "set", here, "up")
	ip(t, "-n", string(r.clients), "link", "set", there, "up")

	spawn(t, r.server.command("iodined", "-f", "-c", "-P", "pw", "-l", "127.0.0.1", "-p", tunnelPort, tunServer+"/24", zone)...)
	r.recorder = newRecorder(t, r.server, recorderAddr, "127.0.0.1:"+tunnelPort, zone)
	r.serve(t, tunServer)
	r.open = func(t *testing.T) (net.Conn, func()) {
		client := spawn(t, r.clients.command("iodine", "-f", "-r", "-T", qtype, "-P", "pw", r.addr, zone)...)
		const complete = "Connection setup complete"
		if err := lab.Wait("tunnel, nor an end of the client's attempts", func() bool {
			return client.log.Contains(complete) || !client.running()
		}); err != nil {
			t.Error(err)
		}
		if !client.log.Contains(complete) {
			t.Log("the client gave up setting the tunnel up")
			return nil, client.stop
		}
		conn, err := dialWithin(r.clients, net.JoinHostPort(tunServer, servicePort))
		if err != nil {
			t.Logf("nothing comes through the tunnel: %v", err)
		}
		return conn, client.stop
	}
	return r
}

// dialWithin dials for as long as a tunnel may be quiet.
func dialWithin(ns namespace, addr string) (conn net.Conn, err error) {
	err = ns.do(func() (err error) {
		conn, err = net.DialTimeout("tcp", addr, quiet)
		return err
	})
	if err != nil {
		return nil, err // not a nil pointer in an interface
	}
	return conn, nil
}
