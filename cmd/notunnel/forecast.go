package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/miekg/dns"
	"github.com/spf13/pflag"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/forecast"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// forecastOptions are what notunnel forecast is asked for.
type forecastOptions struct {
	replayOptions
	json   bool
	server ctlOptions
}

// runForecast is "notunnel forecast": it tells what block mode would have done, of recorded
// traffic that it replays as scan does, or of what a running server has seen.
func runForecast(args []string, stdout, stderr io.Writer) int {
	var o forecastOptions
	c := newCommandLine("forecast", "[--json] [options] FILE...\n       notunnel forecast [--json] --admin ADDR [--token FILE]",
		recordings+"\nADDR is that of the option admin of a running server, FILE its token file.")
	c.files, c.alone = true, "admin"
	c.BoolVar(&o.json, "json", false, "one JSON object")
	c.StringVar(&o.server.admin, "admin", "", "address of a running server, in place of files")
	c.StringVar(&o.server.token, "token", "", "with --admin, file of its token")
	o.add(c)
	return c.run(args, stdout, stderr, func(files []string) error {
		if o.server.admin != "" {
			return forecastServer(c, &o, files, stdout)
		}
		if c.Changed("token") {
			return errors.New("--token goes with --admin")
		}
		if err := o.check(c); err != nil {
			return err
		}
		return forecastFiles(&o, files, stdout, stderr)
	})
}

// forecastServer asks a running server.
func forecastServer(c *commandLine, o *forecastOptions, files []string, stdout io.Writer) (err error) {
	if len(files) > 0 {
		return errors.New("either FILE or --admin is wanted: a server forecasts by what it has seen itself")
	}
	c.Visit(func(f *pflag.Flag) {
		if err == nil && f.Name != "json" && f.Name != "admin" && f.Name != "token" {
			err = fmt.Errorf("--%s does not go with --admin: a server forecasts by its own configuration", f.Name)
		}
	})
	if err != nil {
		return err
	}
	client, err := newAdminClient(&o.server)
	if err != nil {
		return err
	}
	reply, err := client.do(http.MethodGet, "forecast", nil)
	if err != nil {
		return err
	}
	if o.json {
		_, err := stdout.Write(reply)
		return err
	}
	return showForecast(stdout, reply)
}

func forecastFiles(o *forecastOptions, files []string, stdout, stderr io.Writer) error {
	in, err := o.input()
	if err != nil {
		return err
	}
	f, err := newForecaster(&o.replayOptions, stderr)
	if err != nil {
		return err
	}
	unread, err := f.read(in, files, f, "forecast", stderr)
	if err != nil {
		return err
	}
	report := f.observer.Make(f.engine, forecast.Source{Mode: "recorded", Judged: f.judged}, f.clock.at(f.clock.now))
	if o.json {
		lines := json.NewEncoder(stdout)
		lines.SetEscapeHTML(false)
		err = lines.Encode(report)
	} else {
		err = writeForecast(stdout, report)
	}
	return errors.Join(err, unread)
}

// forecaster is a replay that is observed. Beside the engine that blocks, one without
// limits sums up what the models let pass.
type forecaster struct {
	*replay
	observer *forecast.Observer
	free     *detect.Engine
	passed   detect.Decision
	judged   int // pairs with countedQueries
}

// mostObserved is how many domains and clients are looked at. The ones unheard of for
// longest go first.
const mostObserved = 1 << 16

func newForecaster(o *replayOptions, stderr io.Writer) (*forecaster, error) {
	config, err := o.config(stderr)
	if err != nil {
		return nil, err
	}
	engine, err := detect.New(config, nil)
	if err != nil {
		return nil, err
	}
	f := &forecaster{
		replay:   newReplay(engine, false),
		observer: forecast.New(forecast.Config{Domains: mostObserved, Every: 1}, time.Time{}),
	}
	engine.Flags().Follow(f.observer.Flagged)
	models := *config.Models
	models.Forest = nil
	config.Models, config.Budget, config.Metered = &models, meter.Limits{}, f.observer.Metered
	f.free, err = detect.New(config, nil)
	return f, err
}

// observed is what of a query waits for its reply.
type observed struct {
	domain forecast.Domain
	ticket detect.Ticket
}

// Query implements capture.Visitor.
func (f *forecaster) Query(q *capture.Query) error {
	p, err := f.judge(q)
	if err != nil {
		return err
	}
	d := &f.decision
	// Of local names those count by which a machine asks who has which address.
	local := d.Why == detect.Local && bytes.HasSuffix(d.SLD(), []byte(".arpa"))
	if d.Why != detect.Judged && d.Why != detect.Reverse && !local {
		return nil
	}
	if p != nil && p.queries == countedQueries {
		f.judged++
	}
	var o observed
	o.domain = f.observer.Query(f.engine, &d.Subject, q.Type, f.clock.now)
	if !local && !(d.Verdict == verdict.Block && d.Ground == verdict.Model) {
		f.free.Query(detect.Query{Name: q.Name, Type: q.Type, Client: q.Client, Source: d.Client.String(), At: f.clock.now}, &f.passed)
		o.ticket = f.passed.Ticket
	}
	q.Data.(*asked).observed = &o
	return nil
}

// Reply implements capture.Visitor.
func (f *forecaster) Reply(q *capture.Query, m *dns.Msg) error {
	if o := q.Data.(*asked).observed; o != nil {
		f.observer.Reply(o.domain, m)
		f.free.Reply(o.ticket, m, f.clock.now)
	}
	return f.replay.Reply(q, m)
}
