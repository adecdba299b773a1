//go:build e2e

package test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/notunnel/notunnel/test/lab"
)

// namespace is a network namespace with a loopback of its own.
type namespace string

// newNamespace makes one that the test's end removes.
func newNamespace(t *testing.T, letter string) namespace {
	t.Helper()
	ns := namespace(fmt.Sprintf("nt%d%s", os.Getpid(), letter))
	if out, err := exec.Command("ip", "netns", "add", string(ns)).CombinedOutput(); err != nil {
		skip(t, fmt.Sprintf("no network namespace here: %v: %s", err, out))
	}
	t.Cleanup(func() { ip(t, "netns", "del", string(ns)) })
	ip(t, "-n", string(ns), "link", "set", "lo", "up")
	return ns
}

// ip runs iproute2's command.
func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// command is a command line that runs in the namespace. "ip netns exec"
// becomes the command, so its pid is that of the command.
func (ns namespace) command(args ...string) []string {
	return append([]string{"ip", "netns", "exec", string(ns)}, args...)
}

// do runs f with every socket that it opens itself in the namespace.
func (ns namespace) do(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	there, err := os.Open("/run/netns/" + string(ns))
	if err != nil {
		return err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		panic(back) // nothing that follows would run where it should
	}
	return err
}

// dial opens a connection from within the namespace.
func (ns namespace) dial(_ context.Context, network, addr string) (conn net.Conn, err error) {
	err = ns.do(func() (err error) {
		d := net.Dialer{Timeout: lab.Patience}
		conn, err = d.Dial(network, addr)
		return err
	})
	return conn, err
}

// listen opens a TCP listener in the namespace.
func (ns namespace) listen(addr string) (l net.Listener, err error) {
	err = ns.do(func() (err error) {
		l, err = net.Listen("tcp", addr)
		return err
	})
	return l, err
}

// process is a command that runs beside the test until stop.
type process struct {
	log    *lab.Log
	cmd    *exec.Cmd
	exited chan struct{}
}

// spawn starts a command; the test's end stops it.
func spawn(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{log: &lab.Log{}, cmd: exec.Command(args[0], args[1:]...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait() // how it ended is told by what it wrote
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", strings.Join(args, " "), p.log)
		}
	})
	return p
}

func (p *process) stop() {
	p.cmd.Process.Kill()
	<-p.exited
}

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// needs skips the test where one of its tools is missing.
func needs(t *testing.T, tools ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		skip(t, "needs root")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			skip(t, fmt.Sprintf("%v: make deps installs it", err))
		}
	}
}
