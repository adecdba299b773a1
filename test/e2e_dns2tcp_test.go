//go:build e2e

package test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/notunnel/notunnel/test/lab"
)

func TestE2EDns2tcp(t *testing.T) {
	needs(t, "ip", "dns2tcpc", "dns2tcpd")
	for _, qtype := range []string{"TXT", "KEY"} {
		t.Run(qtype, func(t *testing.T) {
			// It writes base64, with no other encoding to fall back on.
			tryTunnel(t, func(t *testing.T, transfers int64) *rig { return newDns2tcp(t, qtype, transfers) }, tunnelGarbled, tunnelGarbledUnderWay)
		})
	}
}

// newDns2tcp is a rig on the loopback of one namespace.
func newDns2tcp(t *testing.T, qtype string, transfers int64) *rig {
	t.Helper()
	const (
		zone  = "d.tunnel-lab.org"
		local = "7001" // where the client listens
	)
	ns := newNamespace(t, "c")
	r := &rig{
		server: ns, clients: ns,
		addr: "127.0.0.1", guilty: "127.0.0.1", other: "127.0.0.2", innocent: "127.0.0.3",
		sld: "tunnel-lab.org", transfers: transfers,
	}
	r.serve(t, "127.0.0.1")
	dir := t.TempDir()
	config := "listen = 127.0.0.1\nport = " + tunnelPort + "\nuser = root\nchroot = " + dir +
		"\ndomain = " + zone + "\nkey = k\nresources = svc:127.0.0.1:" + servicePort + "\n"
	path := filepath.Join(dir, "dns2tcpd.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	spawn(t, ns.command("dns2tcpd", "-F", "-f", path)...)
	r.recorder = newRecorder(t, ns, recorderAddr, "127.0.0.1:"+tunnelPort, zone)
	r.open = func(t *testing.T) (conn net.Conn, end func()) {
		client := spawn(t, ns.command("dns2tcpc", "-z", zone, "-k", "k", "-r", "svc", "-l", local, "-T", qtype, r.addr)...)
		if err := lab.Wait("listening client", func() bool {
			var err error
			conn, err = dialWithin(ns, net.JoinHostPort("127.0.0.1", local))
			return err == nil
		}); err != nil {
			t.Error(err)
		}
		return conn, client.stop
	}
	return r
}
