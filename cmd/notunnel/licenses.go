package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/notunnel/notunnel/cmd/notunnel/licenses"
)

// runLicenses is "notunnel licenses": it tells whose code the programs carry,
// and shows the texts that must come with it.
func runLicenses(args []string, stdout, stderr io.Writer) int {
	c := newCommandLine("licenses", "[--text] [MODULE...]",
		"Lists the modules that the programs coredns and notunnel carry. For each MODULE the texts of its licences are printed.")
	all := c.Bool("text", false, "print the texts of all modules")
	return c.run(args, stdout, stderr, func(paths []string) error {
		modules, err := licenses.Modules()
		if err != nil {
			return err
		}
		if len(paths) == 0 && !*all {
			return listModules(stdout, modules)
		}
		if len(paths) > 0 {
			if modules, err = pickModules(modules, paths); err != nil {
				return err
			}
		}
		return writeTexts(stdout, modules)
	})
}

// pickModules finds modules by their paths.
func pickModules(modules []licenses.Module, paths []string) (picked []licenses.Module, err error) {
	byPath := map[string]licenses.Module{}
	for _, m := range modules {
		byPath[m.Path] = m
	}
	for _, path := range paths {
		m, ok := byPath[path]
		if !ok {
			return nil, fmt.Errorf("%q is not a module that the programs carry: \"notunnel licenses\" lists them", path)
		}
		picked = append(picked, m)
	}
	return picked, nil
}

// listModules writes a line for each module, and where the source code is had
// that must be offered.
func listModules(out io.Writer, modules []licenses.Module) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"module", "version", "licence"})
	for _, m := range modules {
		t.AppendRow(table.Row{m.Path, m.Version, m.License})
	}
	if _, err := fmt.Fprintln(out, t.Render()); err != nil {
		return err
	}
	for _, m := range modules {
		if source := m.Source(); source != "" {
			fmt.Fprintf(out, "Source code of %s, under MPL-2.0: %s\n", m.Path, source)
		}
	}
	_, err := fmt.Fprintln(out, "The texts: notunnel licenses --text, or notunnel licenses MODULE. notunnel itself is under Apache-2.0.")
	return err
}

// writeTexts writes each text once, under the names of all modules that have it.
func writeTexts(out io.Writer, modules []licenses.Module) error {
	var order []string
	of := map[string][]string{} // by text
	for _, m := range modules {
		for _, text := range m.Texts {
			if of[text.Content] == nil {
				order = append(order, text.Content)
			}
			of[text.Content] = append(of[text.Content], fmt.Sprintf("%s %s, %s", m.Path, m.Version, text.Name))
		}
	}
	rule := strings.Repeat("=", 80)
	for _, text := range order {
		if _, err := fmt.Fprintf(out, "%s\n%s\n%s\n\n%s\n", rule, strings.Join(of[text], "\n"), rule, text); err != nil {
			return err
		}
	}
	return nil
}
