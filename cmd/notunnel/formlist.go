package main

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
)

// writeForms lists the forms that are read.
func writeForms(out io.Writer) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"form", "written by", "tells of replies"})
	for _, f := range capture.Forms {
		t.AppendRow(table.Row{f.Name, f.Of, f.Says})
	}
	_, err := fmt.Fprintln(out, t.Render()+`
Before lines of text may stand what syslog, journalctl, Docker, Kubernetes and
Docker Compose put there. --map reads JSON lines and CSV of other forms.`)
	return err
}
