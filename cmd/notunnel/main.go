// Command notunnel is the offline twin of the plugin.
package main

import (
	"fmt"
	"io"
	"os"
)

// commands are the subcommands by name; each returns the exit status.
var commands = map[string]func(args []string, stdout, stderr io.Writer) int{
	"encode": runEncode,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: notunnel encode ...")
		os.Exit(2)
	}
	os.Exit(commands[os.Args[1]](os.Args[2:], os.Stdout, os.Stderr))
}
