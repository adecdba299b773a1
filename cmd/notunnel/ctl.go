package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ctlOptions are what notunnel ctl is asked for.
type ctlOptions struct {
	admin, token string
	json         bool

	client, span, reason, note string
	remove, everyone, all      bool
}

// ctlCommand is a subcommand of ctl: how it is called, the request that it makes, and how
// people read the reply.
type ctlCommand struct {
	name, takes, does string
	least, most       int      // arguments
	options           []string // of its own
	request           func(o *ctlOptions, args []string) (method, path string, body any)
	show, showAll     func(out io.Writer, reply []byte) error // showAll is nil where --all is no option
}

var ctlCommands = []ctlCommand{
	{name: "status", does: "how the server does", request: get("status"), show: showStatus},
	{name: "flags", does: "who is blocked, why, and until when", request: get("flags"), show: showFlags},
	{name: "watch", does: "who is suspected on too little evidence, or near a budget", request: get("watch"), show: showWatch},
	{name: "explain", takes: "NAME", does: "what is known of a name", least: 1, most: 1, options: []string{"client", "all"}, request: explainRequest, show: showExplanation, showAll: showWeights},
	{name: "case", takes: "ID", does: "all that there is on a flag, as JSON", least: 1, most: 1, show: showJSON,
		request: func(_ *ctlOptions, args []string) (string, string, any) {
			return http.MethodGet, "flags/" + url.PathEscape(args[0]) + "/case", nil
		}},
	{name: "release", takes: "ID|all", does: "end a flag, or all, with a fresh budget", least: 1, most: 1, request: releaseRequest, show: showReleased},
	{name: "mark", takes: "ID true|false|unsure", does: "say what a flag is", least: 2, most: 2, options: []string{"note", "everyone"}, show: showFlag,
		request: func(o *ctlOptions, args []string) (string, string, any) {
			return http.MethodPost, "flags/" + url.PathEscape(args[0]), map[string]any{"mark": args[1], "note": o.note, "everyone": o.everyone}
		}},
	{name: "allow", takes: "[DOMAIN]", does: "list what people allowed; allow a domain, or take that back", most: 1,
		options: []string{"client", "for", "reason", "remove"}, request: allowRequest, show: showAllowed},
	{name: "lists", does: "what the lists have", request: get("lists"), show: showLists},
	{name: "forecast", does: "what blocking would do here", request: get("forecast"), show: showForecast},
	{name: "pause", takes: "TIME", does: "let everything pass for a while (10m), or end that (0s)", least: 1, most: 1, show: showPause,
		request: func(_ *ctlOptions, args []string) (string, string, any) {
			return http.MethodPost, "pause", map[string]string{"for": args[0]}
		}},
}

func get(path string) func(*ctlOptions, []string) (string, string, any) {
	return func(*ctlOptions, []string) (string, string, any) { return http.MethodGet, path, nil }
}

func explainRequest(o *ctlOptions, args []string) (string, string, any) {
	q := url.Values{"name": args}
	if o.client != "" {
		q.Set("client", o.client)
	}
	return http.MethodGet, "explain?" + q.Encode(), nil
}

func releaseRequest(_ *ctlOptions, args []string) (string, string, any) {
	if args[0] == "all" {
		return http.MethodDelete, "flags", nil
	}
	return http.MethodDelete, "flags/" + url.PathEscape(args[0]), nil
}

func allowRequest(o *ctlOptions, args []string) (string, string, any) {
	switch {
	case len(args) == 0:
		return http.MethodGet, "allow", nil
	case o.remove:
		return http.MethodDelete, "allow?" + url.Values{"domain": args, "client": {o.client}}.Encode(), nil
	}
	body := map[string]string{"domain": args[0], "client": o.client, "reason": o.reason}
	if o.span != "" {
		body["for"] = o.span
	}
	return http.MethodPost, "allow", body
}

// runCtl is "notunnel ctl": it asks and commands a running server by its interface for
// people. It returns 0 when that is done, 1 if the server refused it or has no such thing,
// and 2 if it was called wrongly or the server cannot be reached.
func runCtl(args []string, stdout, stderr io.Writer) int {
	var o ctlOptions
	about := "ADDR is that of the option admin, HOST:PORT, or a URL; FILE is its token file.\nExits 0 when done, 1 if the server refuses or has no such thing, 2 if called wrongly or not reached.\nCOMMAND:\n"
	for _, c := range ctlCommands {
		about += fmt.Sprintf("  %-26s %s\n", strings.TrimSpace(c.name+" "+c.takes), c.does)
	}
	c := newCommandLine("ctl", "--admin ADDR [--token FILE] COMMAND", about)
	c.files = true
	c.StringVar(&o.admin, "admin", "", "address of the server")
	c.StringVar(&o.token, "token", "", "file of the token; without it the server has to have none either")
	c.BoolVar(&o.json, "json", false, "the reply as it came, for scripts")
	c.StringVar(&o.client, "client", "", "of explain and allow: address, network, mac:… or cpe:…")
	c.BoolVar(&o.all, "all", false, "of explain: every feature, and what it adds to the score")
	c.StringVar(&o.span, "for", "", "of allow: for how long, such as 1h (default: until it is taken back)")
	c.StringVar(&o.reason, "reason", "", "of allow: why")
	c.BoolVar(&o.remove, "remove", false, "of allow: take it back")
	c.StringVar(&o.note, "note", "", "of mark: a note")
	c.BoolVar(&o.everyone, "everyone", false, "of mark true: block it for every client")
	refused := false
	status := c.run(args, stdout, stderr, func(rest []string) error {
		err := ctl(c, &o, rest, stdout)
		var no *refusedError
		if refused = errors.As(err, &no); refused {
			fmt.Fprintf(stderr, "notunnel ctl: %v\n", no)
			return nil
		}
		return err
	})
	if refused {
		return 1
	}
	return status
}

// ctl does what it is asked for.
func ctl(c *commandLine, o *ctlOptions, rest []string, stdout io.Writer) error {
	command, args := rest[0], rest[1:]
	at := slices.IndexFunc(ctlCommands, func(c ctlCommand) bool { return c.name == command })
	if at < 0 {
		return fmt.Errorf("unknown command %q: \"notunnel ctl --help\" lists them", command)
	}
	cmd := &ctlCommands[at]
	if len(args) < cmd.least || len(args) > cmd.most {
		if cmd.takes == "" {
			return fmt.Errorf("%s takes no arguments", cmd.name)
		}
		return fmt.Errorf("%s takes %s", cmd.name, cmd.takes)
	}
	for _, option := range []string{"client", "for", "reason", "remove", "note", "everyone", "all"} {
		if c.Changed(option) && !slices.Contains(cmd.options, option) {
			return fmt.Errorf("--%s does not go with %s", option, cmd.name)
		}
	}
	if o.admin == "" {
		return errors.New("--admin is missing: the address that the option admin of the Corefile names")
	}
	client, err := newAdminClient(o)
	if err != nil {
		return err
	}
	reply, err := client.do(cmd.request(o, args))
	if err != nil {
		return err
	}
	if o.json {
		_, err := stdout.Write(reply)
		return err
	}
	if o.all {
		return cmd.showAll(stdout, reply)
	}
	return cmd.show(stdout, reply)
}

// showJSON writes a reply that people read as it is.
func showJSON(out io.Writer, reply []byte) error {
	var v any
	if err := json.Unmarshal(reply, &v); err != nil {
		return fmt.Errorf("the server does not answer in JSON: %w", err)
	}
	lines := json.NewEncoder(out)
	lines.SetIndent("", "  ")
	return lines.Encode(v)
}
