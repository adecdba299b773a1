package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/feature"
)

// runFeatures is "notunnel features": it writes window states of labelled logs
// as the rows that the forest is trained on.
func runFeatures(args []string, stdout, stderr io.Writer) int {
	c := newCommandLine("features", "[-o OUT] [--sources TABLE] [--model DIR] [--joint] FILE...",
		"FILE is any log that notunnel scan reads.")
	c.files = true
	out := c.StringP("out", "o", "rows.csv.gz", "table to write, gzip")
	table := c.String("sources", "model/train/sources.tsv", "what each file is: pattern, label, tool, source, SLDs")
	dir := c.String("model", "", "folder of autoencoder and surprisal (default: the embedded ones)")
	joint := c.Bool("joint", false, "write joint windows of clients, not the windows of pairs")
	return c.run(args, stdout, stderr, func(files []string) error {
		return writeRows(*out, *table, *dir, *joint, files, stderr)
	})
}

// writeRows writes the rows of all files. After an error no table is left.
func writeRows(out, table, dir string, joint bool, files []string, stderr io.Writer) (err error) {
	models, err := measuresOf(dir)
	if err != nil {
		return err
	}
	sources, err := readSources(table)
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	defer func() {
		if err = errors.Join(err, z.Close(), f.Close()); err != nil {
			os.Remove(out)
		}
	}()
	var w *rowWriter
	var visitor capture.Visitor
	if joint {
		j, e := newJointWriter(z, models, sources)
		w, visitor, err = j.rowWriter, j, e
	} else {
		w, err = newRowWriter(z, models, sources, rowColumns, feature.Names[:])
		visitor = w
	}
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := w.open(file); err != nil {
			return err
		}
		before := w.rows
		if _, err := capture.Read(file, visitor); err != nil {
			return err
		}
		fmt.Fprintf(stderr, "%s: %d rows\n", file, w.rows-before)
	}
	w.out.Flush()
	fmt.Fprintf(stderr, "%s: %d rows of %d sessions\n", out, w.rows, w.sessions)
	return w.out.Error()
}

func measuresOf(dir string) (*model.Models, error) {
	if dir == "" {
		return model.Embedded()
	}
	return model.LoadMeasures(os.DirFS(dir), dir)
}
