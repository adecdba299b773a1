// Command demo shows a tunnel being cut: it starts the real resolver in front
// of an upstream of its own, replays a recorded iodine session as one client
// and ordinary lookups as another, and tells what happens to each. It exits with
// 1 if the tunnel was not cut or an ordinary lookup was.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/miekg/dns"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/notunnel/notunnel/test/lab"
)

func main() {
	bin := pflag.String("resolver", "bin/coredns", "the resolver to show")
	samples := pflag.String("samples", "test/samples", "folder of the recordings")
	length := pflag.Duration("length", 10*time.Second, "how long the replay takes")
	pflag.Parse()
	if !term.IsTerminal(int(os.Stdout.Fd())) {
		text.DisableColors()
	}
	if err := demo(*bin, *samples, *length); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo(bin, samples string, length time.Duration) (err error) {
	if err := lab.CheckLoopback(); err != nil {
		return err
	}
	tunnel, err := lab.ReadSample(filepath.Join(samples, "iodine-null.pcap"))
	if err != nil {
		return err
	}
	ordinary, err := lab.ReadSample(filepath.Join(samples, "ordinary-lookups.pcap"))
	if err != nil {
		return err
	}
	stage, err := newStage(bin, func(r *dns.Msg) *dns.Msg {
		if len(r.Question) == 1 && tunnel.Knows(r.Question[0]) {
			return tunnel.Answer(r)
		}
		return ordinary.Answer(r)
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.stop()) }()

	cast := &cast{
		stage:    stage,
		tunnel:   act{who: "iodine", client: "127.0.0.2", lookups: tunnel.Lookups},
		ordinary: act{who: "office", client: "127.0.0.3", lookups: ordinary.Lookups},
	}
	if err := cast.play(length); err != nil {
		return err
	}
	cast.summary()
	return cast.verdict()
}

// stage is the resolver with its upstream.
type stage struct {
	upstream *lab.Upstream
	resolver *lab.Resolver
	addr     string
	dir      string
}

func newStage(bin string, answer lab.Answer) (s *stage, err error) {
	s = &stage{}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if s.upstream, err = lab.StartUpstream(answer); err != nil {
		return nil, err
	}
	port, err := lab.FreePort()
	if err != nil {
		return nil, err
	}
	s.addr = net.JoinHostPort("127.0.0.1", port)
	if s.dir, err = os.MkdirTemp("", "notunnel-demo-"); err != nil {
		return nil, err
	}
	corefile := fmt.Sprintf(".:%s {\n    bind 127.0.0.1\n    errors\n    notunnel\n    cache\n    forward . %s\n}\n", port, s.upstream.Addr)
	path := filepath.Join(s.dir, "Corefile")
	if err := os.WriteFile(path, []byte(corefile), 0o600); err != nil {
		return nil, err
	}
	fmt.Printf("A resolver with this Corefile:\n\n%s\n", corefile)
	s.resolver, err = lab.Start(bin, "-conf", path)
	return s, err
}

func (s *stage) stop() error {
	var errs []error
	if s.resolver != nil {
		errs = append(errs, s.resolver.Stop())
	}
	if s.upstream != nil {
		errs = append(errs, s.upstream.Stop())
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
