// Command generate writes what the two programs must say of the modules they
// carry: ../licenses.json, which the command notunnel embeds, and the last part
// of NOTICE. With --check it writes nothing and fails if they differ.
//
// github.com/google/go-licenses finds and classifies the texts. This folder is
// a module of its own so that what go-licenses needs stays out of ours, pinned
// by its own go.sum.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
)

// root is the repository, from this folder, where "go run -C" starts.
const root = "../../../.."

func main() {
	log.SetFlags(0)
	check := flag.Bool("check", false, "write nothing, fail if a file is not what would be written")
	flag.Parse()
	if err := generate(*check); err != nil {
		log.Fatalf("licenses: %v", err)
	}
}

func generate(check bool) error {
	found, err := collect(root)
	if err != nil {
		return err
	}
	notice, err := os.ReadFile(filepath.Join(root, noticeFile))
	if err != nil {
		return err
	}
	own, _, _ := bytes.Cut(notice, []byte(noticeMark))
	listing, err := found.listing()
	if err != nil {
		return err
	}
	return deliver(check, map[string][]byte{
		listingFile: listing,
		noticeFile:  slices.Concat(bytes.TrimRight(own, "\n"), []byte("\n\n"), found.notice()),
	})
}

// deliver writes the files, named from root, or compares them with what is
// there.
func deliver(check bool, files map[string][]byte) error {
	for name, want := range files {
		path := filepath.Join(root, name)
		if !check {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				return err
			}
			continue
		}
		if got, err := os.ReadFile(path); err != nil {
			return err
		} else if !bytes.Equal(got, want) {
			return fmt.Errorf("%s is not what the linked modules say: run make licenses and commit what it changes", name)
		}
	}
	return nil
}
