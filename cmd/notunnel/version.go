package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/notunnel/notunnel/plugin/split/psl"
)

// runVersion is "notunnel version": what was built, and by which Public Suffix
// List it splits names. Models are trained on names split by the list that
// serves, so the training scripts ask for it.
func runVersion(args []string, stdout, stderr io.Writer) int {
	c := newCommandLine("version", "[--suffix-list]", "Prints the version of notunnel, then that of its Public Suffix List.")
	listOnly := c.Bool("suffix-list", false, "print the version of the Public Suffix List alone")
	return c.run(args, stdout, stderr, func(rest []string) error {
		if len(rest) > 0 {
			return fmt.Errorf("%q: no arguments are taken, leave it out", rest[0])
		}
		if !*listOnly {
			fmt.Fprintf(stdout, "notunnel %s\n", version())
		}
		fmt.Fprintln(stdout, suffixListVersion())
		return nil
	})
}

// version is that of the module, or "devel" for a build that knows none.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

// suffixListVersion names the list that plugin/split cuts names by.
func suffixListVersion() string {
	return psl.Version
}
