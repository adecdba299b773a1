// Command budgets measures what budgets would refuse in logs of whole networks, by
// the engine that serves, and writes it down in Markdown:
//
//	go run ./test/budgets --composed DIR --seed N [--out FILE] [LOG...]
//
// DIR has what compose --networks wrote, by that seed. Other logs are recorded ones,
// of which the report has figures alone and no names.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"github.com/notunnel/notunnel/model/train/compose/networks"
)

func main() {
	composed := pflag.String("composed", "", "folder of composed networks")
	seed := pflag.Uint64("seed", 0, "seed that they were composed by")
	out := pflag.String("out", "BUDGETS.md", "file to write")
	pflag.Parse()
	if *composed == "" {
		fmt.Fprintln(os.Stderr, "usage: budgets --composed DIR --seed N [--out FILE] [LOG...]")
		os.Exit(2)
	}
	if err := run(*composed, *seed, *out, pflag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "budgets:", err)
		os.Exit(1)
	}
}

// log is one to measure.
type log struct {
	name, what, path string
	recorded         bool
}

func run(folder string, seed uint64, out string, others []string) error {
	var logs []log
	for _, p := range networks.Patterns() {
		logs = append(logs, log{name: p.Name, what: p.What, path: filepath.Join(folder, p.File())})
	}
	for _, path := range others {
		name := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(path), ".tsv.gz"), "log-")
		logs = append(logs, log{name: name, path: path, recorded: true})
	}
	results, err := measureAll(logs)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	writeReport(&text, results, seed)
	return os.WriteFile(out, text.Bytes(), 0o666)
}

// measureAll measures as many logs at a time as there are processors.
func measureAll(logs []log) ([]*result, error) {
	results, errs := make([]*result, len(logs)), make([]error, len(logs))
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for i, l := range logs {
		free <- struct{}{}
		wait.Go(func() {
			defer func() { <-free }()
			results[i], errs[i] = measure(l)
			fmt.Fprintln(os.Stderr, l.name)
		})
	}
	wait.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", logs[i].name, err)
		}
	}
	return results, nil
}
