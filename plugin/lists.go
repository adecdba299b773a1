package notunnel

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/split/psl"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// list is something that an engine works by and whose files may change while it runs:
// one of the lists of domains, or the models.
type list struct {
	name  string
	files []string // none if it does not come from files
	// read reads it into the configuration of an engine, which has the lists before it
	// already, and says what there is to be warned of.
	read func(into *detect.Config) (warnings []string, err error)
	// put puts in force what was read, and says what that is.
	put func(s *sharedEngine, c *detect.Config) (said string, err error)
}

// lists are all of them, those first that others look into.
func (c *config) lists() []list {
	return []list{
		{
			name: "model", files: c.modelFiles(),
			read: func(into *detect.Config) (warnings []string, err error) {
				if into.Models, err = models(c.model); err != nil {
					return nil, err
				}
				return into.Models.CutByOthers(psl.Version), nil
			},
			put: func(s *sharedEngine, c *detect.Config) (string, error) {
				return fmt.Sprintf("models %.12s in force", c.Models.ID), s.renew(c)
			},
		},
		{
			name: "allow", files: c.allowFiles,
			read: func(into *detect.Config) (_ []string, err error) {
				into.Allow, err = c.allowList()
				return nil, err
			},
			put: func(s *sharedEngine, c *detect.Config) (string, error) {
				s.engine().SetAllow(c.Allow)
				return fmt.Sprintf("%d domains in force", c.Allow.Len()), nil
			},
		},
		{
			name: "deny", files: c.denyFiles,
			read: func(into *detect.Config) (warnings []string, err error) {
				into.Deny, err = c.denyList(into.Allow)
				if err != nil || into.Deny == nil {
					return nil, err
				}
				both := into.Deny.Allowed()
				for _, said := range []string{both.String(), into.Deny.LeftOut().String()} {
					if said != "" {
						warnings = append(warnings, "deny: "+said)
					}
				}
				return warnings, nil
			},
			put: func(s *sharedEngine, c *detect.Config) (string, error) {
				s.engine().SetDeny(c.Deny)
				denied, passed := c.Deny.Len()
				return fmt.Sprintf("%d names in force, and %d that are exempted from it", denied, passed), nil
			},
		},
		{
			name: "popular", files: c.popularFiles(),
			read: func(into *detect.Config) (_ []string, err error) {
				into.Standing, err = c.standingList()
				return nil, err
			},
			put: func(s *sharedEngine, c *detect.Config) (string, error) {
				s.engine().SetStanding(c.Standing)
				popular, _ := c.Standing.Len()
				return fmt.Sprintf("%d domains in force", popular), nil
			},
		},
	}
}

// what is the name as it is read in a sentence.
func (l *list) what() string {
	if l.name == "model" {
		return "set of models"
	}
	return l.name + " list"
}

// modelFiles are those of the model folder.
func (c *config) modelFiles() (files []string) {
	if c.model == "" {
		return nil
	}
	for _, name := range model.Files() {
		files = append(files, filepath.Join(c.model, name))
	}
	return files
}

// allowList is the shipped list, the Corefile's entries and those of the
// files, as they read now.
func (c *config) allowList() (*verdict.AllowList, error) {
	all := verdict.Union(verdict.Shipped(), &c.allow)
	for _, file := range c.allowFiles {
		if err := all.AddFile(file); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// denyList is the Corefile's entries and those of the files, as they read now; nil if
// nothing is denied.
func (c *config) denyList(allow *verdict.AllowList) (*verdict.DenyList, error) {
	if len(c.deny) == 0 && len(c.denyFiles) == 0 {
		return nil, nil
	}
	all := verdict.NewDenyBuilder(allow)
	for _, entry := range c.deny {
		if err := all.Add(entry); err != nil {
			return nil, err
		}
	}
	for _, file := range c.denyFiles {
		if err := all.AddFile(file); err != nil {
			return nil, err
		}
	}
	return all.List(), nil
}

func (c *config) popularFiles() []string {
	if c.popular == "" || c.popular == none {
		return nil
	}
	return []string{c.popular}
}

// standingList is the list of popular domains, as it reads now.
func (c *config) standingList() (*standing.List, error) {
	switch c.popular {
	case "":
		return standing.Shipped(), nil
	case none:
		return standing.None(), nil
	}
	return standing.Read(c.popular)
}

// digest tells what files say apart.
type digest [sha256.Size]byte

// digest is that of the list's files. One that cannot be read counts as empty: whoever
// reads the list says so.
func (l *list) digest() (d digest) {
	all := sha256.New()
	for _, file := range l.files {
		f, err := os.Open(file)
		if err != nil {
			fmt.Fprintf(all, "%s: %v", file, err)
			continue
		}
		n, err := io.Copy(all, f)
		fmt.Fprintf(all, "%s: %d, %v", file, n, err)
		f.Close()
	}
	return digest(all.Sum(nil))
}
