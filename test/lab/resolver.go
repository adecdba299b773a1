package lab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Build makes the resolver of this repository in dir and returns its path.
func Build(dir string) (string, error) { return BuildCommand(dir, "coredns") }

// BuildCommand makes one of the programs of this repository in dir and returns its path.
func BuildCommand(dir, name string) (string, error) {
	bin := filepath.Join(dir, name)
	cmd := exec.Command("go", "build", "-o", bin, "github.com/notunnel/notunnel/cmd/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", name, err, out)
	}
	return bin, nil
}

// Resolver is a running CoreDNS.
type Resolver struct {
	Log *Log // all that it has written

	cmd    *exec.Cmd
	exited chan struct{}
	state  error // valid once exited
}

// started is what CoreDNS prints when its servers listen.
const started = "CoreDNS-1."

// Start runs a command that ends in a CoreDNS, and returns when it listens.
// When it ends instead, the error holds what it wrote. Stop ends it.
func Start(command ...string) (*Resolver, error) {
	r := &Resolver{Log: &Log{}, cmd: exec.Command(command[0], command[1:]...), exited: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = r.Log, r.Log
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		r.state = r.cmd.Wait()
		close(r.exited)
	}()
	err := Wait("start of the resolver", func() bool { return r.Log.Contains(started) || r.done() })
	if err == nil && r.done() {
		err = errors.New("the resolver ended at once")
	}
	if err != nil {
		r.Stop()
		return nil, fmt.Errorf("%w; it wrote:\n%s", err, r.Log)
	}
	return r, nil
}

// Reload makes the resolver read its Corefile again and waits until the new
// one is in force.
func (r *Resolver) Reload() error { return r.reload("Reloading complete") }

// FailToReload is Reload with a Corefile that cannot be served: it waits until
// the resolver has gone back to the old one.
func (r *Resolver) FailToReload() error { return r.reload("[ERROR] SIGUSR1: ") }

func (r *Resolver) reload(end string) error {
	before := r.Log.Count(end)
	if err := r.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return err
	}
	return Wait("end of the reload", func() bool { return r.Log.Count(end) > before })
}

// Stop ends the resolver. The error says if it did not end in peace.
func (r *Resolver) Stop() error {
	if r.done() {
		return fmt.Errorf("the resolver had ended by itself: %v", r.state)
	}
	r.cmd.Process.Signal(os.Interrupt)
	select {
	case <-r.exited:
		return nil
	case <-time.After(Patience):
		r.cmd.Process.Kill()
		<-r.exited
		return errors.New("the resolver had to be killed")
	}
}

// Kill ends the resolver as a crash does. It needs no Stop.
func (r *Resolver) Kill() error {
	err := r.cmd.Process.Kill()
	<-r.exited
	return err
}

// PID is the process of the command.
func (r *Resolver) PID() int { return r.cmd.Process.Pid }

func (r *Resolver) done() bool {
	select {
	case <-r.exited:
		return true
	default:
		return false
	}
}

// FreePort is a loopback port that nobody listens on, by UDP or TCP. It lies
// below the range that systems hand out by themselves, so that no outgoing
// socket takes it before it is used.
func FreePort() (string, error) {
	for range 1000 {
		port := strconv.Itoa(10000 + rand.IntN(20000))
		addr := net.JoinHostPort("127.0.0.1", port)
		u, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		t, err := net.Listen("tcp", addr)
		u.Close()
		if err != nil {
			continue
		}
		t.Close()
		return port, nil
	}
	return "", errors.New("no free port on loopback")
}
