package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/model"
)

// runFeatures is "notunnel features": it writes window states of labelled logs
// as the rows that the forest is trained on.
func runFeatures(args []string, _, stderr io.Writer) int {
	flags := pflag.NewFlagSet("features", pflag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.StringP("out", "o", "rows.csv.gz", "table to write, gzip")
	table := flags.String("sources", "model/train/sources.tsv", "what each file is: pattern, label, tool, source, SLDs")
	dir := flags.String("model", "", "folder of the autoencoder (default: the embedded one)")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: notunnel features [-o OUT] [--sources TABLE] [--model DIR] FILE...")
		fmt.Fprintln(stderr, "FILE is any log that notunnel scan reads.")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return 0
	} else if err != nil || flags.NArg() == 0 {
		flags.Usage()
		return 2
	}
	if err := writeRows(*out, *table, *dir, flags.Args(), stderr); err != nil {
		fmt.Fprintf(stderr, "notunnel features: %v\n", err)
		return 2
	}
	return 0
}

// writeRows writes the rows of all files. After an error no table is left.
func writeRows(out, table, dir string, files []string, stderr io.Writer) (err error) {
	models, err := autoencoderOf(dir)
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
	w, err := newRowWriter(z, models, sources)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := w.open(file); err != nil {
			return err
		}
		before := w.rows
		if _, err := capture.Read(file, w); err != nil {
			return err
		}
		fmt.Fprintf(stderr, "%s: %d rows\n", file, w.rows-before)
	}
	w.out.Flush()
	fmt.Fprintf(stderr, "%s: %d rows of %d sessions\n", out, w.rows, w.sessions)
	return w.out.Error()
}

func autoencoderOf(dir string) (*model.Models, error) {
	if dir == "" {
		return model.Embedded()
	}
	return model.LoadAutoencoder(os.DirFS(dir), dir)
}
