package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

// act is what one client does, and how it fared.
type act struct {
	who, client string
	lookups     []lab.Lookup
	next        int // of lookups

	answered, blocked int
}

// cast is both clients before one resolver.
type cast struct {
	stage            *stage
	tunnel, ordinary act
	flag             *lab.Flag // of the tunnel, once it is there
	flags            int       // of anyone
}

// play lets both ask side by side, spread over the given time.
func (c *cast) play(length time.Duration) error {
	begin := time.Now()
	const steps = 100
	for step := 1; step <= steps; step++ {
		for _, a := range []*act{&c.tunnel, &c.ordinary} {
			for a.next < len(a.lookups)*step/steps {
				if err := c.ask(a, begin); err != nil {
					return err
				}
			}
		}
		if err := c.look(begin); err != nil {
			return err
		}
		if step%10 == 0 {
			fmt.Printf("%5.1f s  %s: %d answered, %d blocked    %s: %d answered, %d blocked\n", time.Since(begin).Seconds(),
				c.tunnel.who, c.tunnel.answered, c.tunnel.blocked, c.ordinary.who, c.ordinary.answered, c.ordinary.blocked)
		}
		time.Sleep(time.Until(begin.Add(length * time.Duration(step) / steps)))
	}
	return nil
}

// shown is how many queries of each client are printed one by one.
const shown = 8

// ask asks the client's next question.
func (c *cast) ask(a *act, begin time.Time) error {
	l := a.lookups[a.next]
	a.next++
	reply, err := lab.Client{Source: a.client, Server: c.stage.addr}.Ask(lab.Query(l.Name, l.Type, true))
	if err != nil {
		return fmt.Errorf("%s asks for %s: %w", a.who, l.Name, err)
	}
	outcome := text.FgGreen.Sprint("answered")
	if lab.BlockReason(reply) != nil {
		a.blocked++
		outcome = text.FgRed.Sprint("BLOCKED")
	} else {
		a.answered++
	}
	if a.next <= shown || a.blocked == 1 && lab.BlockReason(reply) != nil {
		fmt.Printf("%5.1f s  %-6s %-6s %s  %s\n", time.Since(begin).Seconds(), a.who, dns.TypeToString[l.Type], outcome, brief(l.Name))
	}
	return nil
}

func brief(name string) string {
	const width = 70
	if len(name) > width {
		return name[:width/2] + "…" + name[len(name)-width/2:]
	}
	return name
}

// look reads the resolver's log for new flags.
func (c *cast) look(begin time.Time) error {
	flags, err := c.stage.resolver.Log.Flags()
	if err != nil {
		return err
	}
	for _, f := range flags[c.flags:] {
		fmt.Println()
		fmt.Println(text.Bold.Sprintf("%5.1f s  %s is cut off from %s", time.Since(begin).Seconds(), f.Client, f.SLD))
		fmt.Printf("         score %.3f on %d queries; %d bytes of names had left before\n", f.Score, f.Queries, f.LeakedBytes)
		for _, reason := range strings.Split(f.Reasons, "; ") {
			fmt.Println("         because of", reason)
		}
		fmt.Println()
		if f.Client == c.tunnel.client {
			c.flag = &f
		}
	}
	c.flags = len(flags)
	return nil
}

func (c *cast) summary() {
	t := table.NewWriter()
	t.SetOutputMirror(os.Stdout)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"client", "address", "queries", "answered", "blocked"})
	for _, a := range []*act{&c.tunnel, &c.ordinary} {
		t.AppendRow(table.Row{a.who, a.client, len(a.lookups), a.answered, a.blocked})
	}
	fmt.Println()
	t.Render()
}

// verdict is an error if the resolver did not do what it is there for.
func (c *cast) verdict() error {
	switch {
	case c.tunnel.blocked == 0 || c.flag == nil:
		return errors.New("the tunnel was not cut")
	case c.ordinary.blocked > 0:
		return fmt.Errorf("%d ordinary lookups were blocked", c.ordinary.blocked)
	}
	return nil
}
