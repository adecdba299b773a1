package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/notunnel/notunnel/test/lab"
)

// server is a running resolver.
type server struct {
	*lab.Resolver
	port, dnsperf string
	ready         time.Duration
}

func startServer(dir, bin, plugin, upstream string) (*server, error) {
	port, err := lab.FreePort()
	if err != nil {
		return nil, err
	}
	corefile := filepath.Join(dir, "Corefile-"+port)
	text := fmt.Sprintf(".:%s {\nbind 127.0.0.1\nerrors\nprometheus 127.0.0.1:0\n%s\ncache 3600\nforward . %s\n}\n", port, plugin, upstream)
	if err := os.WriteFile(corefile, []byte(text), 0o666); err != nil {
		return nil, err
	}
	begin := time.Now()
	resolver, err := lab.Start(bin, "-conf", corefile)
	if err != nil {
		return nil, err
	}
	return &server{Resolver: resolver, port: port, ready: time.Since(begin)}, nil
}

// burst is what one run of dnsperf found.
type burst struct{ cpu, rate float64 } // ns a query, queries a second

func (s *server) ask(file string, options ...string) (b burst, err error) {
	before, err := s.spent()
	if err != nil {
		return b, err
	}
	out, err := s.perf(file, options...)
	if err != nil {
		return b, err
	}
	after, err := s.spent()
	if err != nil {
		return b, err
	}
	done, err := figure(out, "Queries completed:")
	if err != nil {
		return b, err
	}
	b.cpu = float64(after-before) / done
	b.rate, err = figure(out, "Queries per second:")
	return b, err
}

func (s *server) perf(file string, options ...string) (string, error) {
	args := append([]string{"-s", "127.0.0.1", "-p", s.port, "-d", file, "-n", "1", "-l", "60", "-c", "4", "-q", "60"}, options...)
	out, err := exec.Command(s.dnsperf, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("dnsperf: %w\n%s", err, out)
	}
	return string(out), nil
}

// figure is the number after a label of dnsperf's.
func figure(out, label string) (float64, error) {
	_, rest, ok := strings.Cut(out, label)
	if fields := strings.Fields(rest); ok && len(fields) > 0 {
		return strconv.ParseFloat(fields[0], 64)
	}
	return 0, fmt.Errorf("dnsperf did not say %q:\n%s", label, out)
}

// spent is the CPU time of the resolver so far.
func (s *server) spent() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.PID()))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const user, system = 11, 12 // after the name
	if len(fields) <= system {
		return 0, errors.New("/proc/PID/stat is too short")
	}
	u, _ := strconv.Atoi(fields[user])
	v, _ := strconv.Atoi(fields[system])
	return time.Duration(u+v) * tick, nil
}
