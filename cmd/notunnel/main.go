// Command notunnel is the offline twin of the plugin: it judges recorded
// traffic by the engine that serves, and prepares what the models are trained
// on. It also speaks to a server that runs (ctl).
package main

import (
	"fmt"
	"io"
	"os"
)

// command is a subcommand; run returns the exit status.
type command struct {
	name, does string
	run        func(args []string, stdout, stderr io.Writer) int
}

var commands = []command{
	{"scan", "report the tunnels in captures and DNS logs", runScan},
	{"forecast", "tell what block mode would have done, and what to leave out before", runForecast},
	{"explain", "tell all that is known of a name in captures and DNS logs", runExplain},
	{"ctl", "ask and command a running server", runCtl},
	{"features", "write window states of labelled logs, to train the forest on", runFeatures},
	{"eval", "judge labelled logs session by session, to measure a model", runEval},
	{"encode", "write prefixes as ids, to train the autoencoder on", runEncode},
	{"licenses", "list the modules that the programs carry, and their licences", runLicenses},
	{"version", "print what this is and the Public Suffix List it splits by", runVersion},
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	for _, c := range commands {
		if len(args) > 0 && args[0] == c.name {
			return c.run(args[1:], stdout, stderr)
		}
	}
	out, status := stderr, 2
	if len(args) > 0 && (args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
		out, status = stdout, 0
	} else if len(args) > 0 {
		fmt.Fprintf(stderr, "notunnel: unknown command %q\n", args[0])
	}
	fmt.Fprintln(out, "usage: notunnel COMMAND [options] [FILE...]")
	for _, c := range commands {
		fmt.Fprintf(out, "  %-9s %s\n", c.name, c.does)
	}
	fmt.Fprintln(out, `"notunnel COMMAND --help" tells more.`)
	return status
}
