package main

import (
	"strings"

	"github.com/notunnel/notunnel/plugin/verdict"
)

// denied is the list that --deny asks for.
func (o *replayOptions) denied(allow *verdict.AllowList) (*verdict.DenyList, error) {
	all := verdict.NewDenyBuilder(allow)
	for _, arg := range o.deny {
		add := all.Add
		if strings.Contains(arg, "/") {
			add = all.AddFile
		}
		if err := add(arg); err != nil {
			return nil, err
		}
	}
	return all.List(), nil
}
