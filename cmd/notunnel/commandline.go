package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"
)

// commandLine is how a subcommand is called: its options, and what its usage
// says besides. Every subcommand parses, fails and helps through it, so that
// all do so alike.
type commandLine struct {
	*pflag.FlagSet
	synopsis string // what follows the subcommand's name
	about    string // what the arguments are, and where the result goes
	files    bool   // whether a call without arguments is a mistake
	alone    string // the option that goes without them all the same, "" if none does
}

// newCommandLine has no options yet; its usage lists them in the order in which
// they are added.
func newCommandLine(name, synopsis, about string) *commandLine {
	c := &commandLine{FlagSet: pflag.NewFlagSet(name, pflag.ContinueOnError), synopsis: synopsis, about: about}
	c.SortFlags = false
	c.Usage = func() {} // where it goes is decided in run
	return c
}

// run parses args and does the work with what is left of them. It returns the
// exit status: 0, also after --help, or 2, with the reason on stderr.
func (c *commandLine) run(args []string, stdout, stderr io.Writer, work func(rest []string) error) int {
	err := c.Parse(args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		c.tell(stdout)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "notunnel %s: %v\n", c.Name(), err)
		fmt.Fprintf(stderr, "\"notunnel %s --help\" lists the options.\n", c.Name())
		return 2
	case c.files && c.NArg() == 0 && !c.Changed(c.alone):
		c.tell(stderr)
		return 2
	}
	if err := work(c.Args()); err != nil {
		fmt.Fprintf(stderr, "notunnel %s: %v\n", c.Name(), err)
		return 2
	}
	return 0
}

// tell writes the usage.
func (c *commandLine) tell(out io.Writer) {
	fmt.Fprintf(out, "usage: notunnel %s %s\n%s\n%s", c.Name(), c.synopsis, c.about, c.FlagUsages())
}
