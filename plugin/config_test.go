package notunnel

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"

	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/events"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/subject"
)

func TestParse(t *testing.T) {
	allow := func(c *config, domains ...string) {
		for _, d := range domains {
			if err := c.allow.Add(d, "Corefile"); err != nil {
				t.Fatal(err)
			}
		}
	}
	networks := func(all ...string) (parsed []netip.Prefix) {
		for _, s := range all {
			parsed = append(parsed, netip.MustParsePrefix(s))
		}
		return parsed
	}
	for _, c := range []struct {
		name     string
		corefile string
		want     func(*config) // makes what is wanted of the default
		wantErr  string
	}{
		{"the default", "notunnel", func(*config) {}, ""},
		{"an empty block", "notunnel {\n}", func(*config) {}, ""},
		{"zones", "notunnel Example.ORG 10.0.0.0/24", func(c *config) { c.zones = []string{"example.org.", "0.0.10.in-addr.arpa."} }, ""},
		{"mode monitor", "notunnel {\nmode monitor\n}", func(c *config) { c.monitor = true }, ""},
		{"mode block", "notunnel {\nmode block\n}", func(*config) {}, ""},
		{"action refused", "notunnel {\naction refused\n}", func(c *config) { c.refuse = true }, ""},
		{"action nxdomain", "notunnel {\naction nxdomain\n}", func(*config) {}, ""},
		{"threshold", "notunnel {\nthreshold 0.75\n}", func(c *config) { c.engine.Thresholds = forest.All(0.75) }, ""},
		{"threshold of one", "notunnel {\nthreshold 1\n}", func(c *config) { c.engine.Thresholds = forest.All(1) }, ""},
		{"threshold of known and unknown", "notunnel {\nthreshold 0.99 0.5\n}", func(c *config) {
			c.engine.Thresholds = forest.Thresholds{Unknown: 0.5, Listed: 0.99, Popular: 0.99}
		}, ""},
		{"window", "notunnel {\nwindow 30m\n}", func(c *config) { c.engine.Window = 30 * time.Minute }, ""},
		{"capacity", "notunnel {\ncapacity 1\n}", func(c *config) { c.engine.Capacity = 1 }, ""},
		{"block_for", "notunnel {\nblock_for 90s\n}", func(c *config) { c.engine.BlockFor = 90 * time.Second }, ""},
		{"client_prefix", "notunnel {\nclient_prefix 24 0\n}", func(c *config) { c.engine.Bits4, c.engine.Bits6 = 24, 0 }, ""},
		{"events", "notunnel {\nevents e.json\nevents syslog://192.0.2.1:514\nevents https://u:p@siem.example/in\n}", func(c *config) {
			for _, text := range []string{"e.json", "syslog://192.0.2.1:514", "https://u:p@siem.example/in"} {
				target, err := events.ParseTarget(text, func(path string) string { return "/etc/coredns/" + path })
				if err != nil {
					t.Fatal(err)
				}
				c.events = append(c.events, target)
			}
		}, ""},
		{"events to nobody", "notunnel {\nevents\n}", nil, "events takes a file or a URL"},
		{"events in the clear", "notunnel {\nevents http://u:secret@siem.example/\n}", nil, "events: http://siem.example: a file, syslog://HOST:PORT, syslog+tcp://…, syslog+tls://… or https://… is wanted"},
		{"events twice", "notunnel {\nevents ./e\nevents e\n}", nil, "Testfile:3 - Error during parsing: events: /etc/coredns/e is given twice"},
		{"clients behind forwarders", "notunnel {\nclient_id mac FROM 192.0.2.1\nclient_id mac from 192.0.2.2 2001:db8::/32\nclient_id ecs 10.0.0.0/8\n}", func(c *config) {
			c.clientIDs = clientIDs{
				{networks("192.0.2.1/32")[0], subject.MAC}, {networks("192.0.2.2/32")[0], subject.MAC},
				{networks("2001:db8::/32")[0], subject.MAC}, {networks("10.0.0.0/8")[0], subject.Subnet},
			}
		}, ""},
		{"client_id of nobody", "notunnel {\nclient_id mac\n}", nil, "client_id takes mac, ecs or cpe, and the networks"},
		{"client_id from nobody", "notunnel {\nclient_id mac from\n}", nil, "behind from there are no networks"},
		{"client_id of another kind", "notunnel {\nclient_id name 192.0.2.1\n}", nil, `client_id: "name" is neither mac, ecs nor cpe`},
		{"client_id from no network", "notunnel {\nclient_id mac router\n}", nil, `client_id: "router" is neither a network nor an address`},
		{"client_id twice", "notunnel {\nclient_id mac 10.0.0.0/8\nclient_id cpe 10.0.0.1\n}", nil, "Testfile:3 - Error during parsing: client_id: 10.0.0.1 lies in 10.0.0.0/8"},
		{"budget", "notunnel {\nbudget 1KiB 8KiB\n}", func(c *config) {
			c.engine.Budget = meter.Limits{Up: meter.FromBytes(1 << 10), Down: meter.FromBytes(8 << 10)}
		}, ""},
		{"budget of clients", "notunnel {\nbudget 1MiB 300000B 2kib\n}", func(c *config) {
			c.engine.Budget = meter.Limits{Up: meter.FromBytes(1 << 20), Down: meter.FromBytes(300000), Client: meter.FromBytes(2 << 10)}
		}, ""},
		{"budget off", "notunnel {\nbudget off\n}", func(c *config) { c.engine.Budget = meter.Limits{} }, ""},
		{"popular", "notunnel {\npopular top.csv\n}", func(c *config) { c.popular = "/etc/coredns/top.csv" }, ""},
		{"nothing popular", "notunnel {\npopular none\n}", func(c *config) { c.popular = "none" }, ""},
		{"model", "notunnel {\nmodel /srv/models\n}", func(c *config) { c.model = "/srv/models" }, ""},
		{"model under root", "notunnel {\nmodel models\n}", func(c *config) { c.model = "/etc/coredns/models" }, ""},
		{"allowed domains", "notunnel {\nallow example.org bücher.example\n}", func(c *config) { allow(c, "example.org", "xn--bcher-kva.example") }, ""},
		{"allow files", "notunnel {\nallow /srv/a.txt ./b.txt\n}", func(c *config) { c.allowFiles = []string{"/srv/a.txt", "/etc/coredns/b.txt"} }, ""},
		{"allow again", "notunnel {\nallow a.example\nallow b.example ./c\n}", func(c *config) {
			allow(c, "a.example", "b.example")
			c.allowFiles = []string{"/etc/coredns/c"}
		}, ""},
		{"denied", "notunnel {\ndeny example.org *.example.net\ndeny ./d\n}", func(c *config) {
			c.deny, c.denyFiles = []string{"example.org", "*.example.net"}, []string{"/etc/coredns/d"}
		}, ""},
		{"exempt", "notunnel {\nexempt 10.1.2.3/8 192.0.2.1\nexempt 2001:db8::1 ::ffff:192.0.2.128/121\n}", func(c *config) {
			c.engine.Exempt = networks("10.0.0.0/8", "192.0.2.1/32", "2001:db8::1/128", "192.0.2.128/25")
		}, ""},
		{"budget of a client", "notunnel {\nbudget 1KiB 8KiB 2KB\n}", func(c *config) {
			c.engine.Budget = meter.Limits{Up: meter.FromBytes(1 << 10), Down: meter.FromBytes(8 << 10), Client: meter.FromBytes(2000)}
		}, ""},
		{"no budget", "notunnel {\nbudget off\n}", func(c *config) { c.engine.Budget = meter.Limits{} }, ""},
		{"all at once", "notunnel . {\nmode monitor\naction refused\nthreshold 0.5\nwindow 2h\n}", func(c *config) {
			c.monitor, c.refuse, c.engine.Thresholds, c.engine.Window = true, true, forest.All(0.5), 2*time.Hour
		}, ""},

		{"the directive twice", "notunnel\nnotunnel", nil, "Testfile:2 - Error during parsing: there is a second notunnel"},
		{"unknown option", "notunnel {\ncolour blue\n}", nil, `Testfile:2 - Error during parsing: unknown option "colour"`},
		{"option of later", "notunnel {\nshare redis://127.0.0.1 key\n}", nil, `unknown option "share"`},
		{"option twice", "notunnel {\nmode block\nmode block\n}", nil, `Testfile:3 - Error during parsing: option "mode" is given twice`},
		{"bad zone", "notunnel exa..mple", nil, "is not a zone"},
		{"no mode", "notunnel {\nmode\n}", nil, "mode takes block or monitor"},
		{"two modes", "notunnel {\nmode block monitor\n}", nil, "mode takes block or monitor"},
		{"bad mode", "notunnel {\nmode maybe\n}", nil, `"maybe" is neither block nor monitor`},
		{"bad action", "notunnel {\naction drop\n}", nil, `"drop" is neither nxdomain nor refused`},
		{"threshold of nought", "notunnel {\nthreshold 0\n}", nil, "(0,1]"},
		{"threshold above one", "notunnel {\nthreshold 1.01\n}", nil, "(0,1]"},
		{"threshold NaN", "notunnel {\nthreshold NaN\n}", nil, "(0,1]"},
		{"window without unit", "notunnel {\nwindow 60\n}", nil, `window: "60" is not a duration`},
		{"window too short", "notunnel {\nwindow 1ms\n}", nil, "not a duration from 1s"},
		{"block_for too long", "notunnel {\nblock_for 9000h\n}", nil, "block_for: "},
		{"no capacity", "notunnel {\ncapacity 0\n}", nil, `"0" is not a number from 1`},
		{"capacity beyond memory", "notunnel {\ncapacity 99999999999\n}", nil, "capacity: "},
		{"one budget", "notunnel {\nbudget 1KiB\n}", nil, "budget: UP DOWN [CLIENT] are wanted, sizes from 1B to 1MiB such as 256KiB, or off"},
		{"four budgets", "notunnel {\nbudget 1KiB 1KiB 1KiB 1KiB\n}", nil, "budget takes UP DOWN [CLIENT], or off"},
		{"budget that is no size", "notunnel {\nbudget 1KiB much\n}", nil, `budget: "much": UP DOWN [CLIENT] are wanted`},
		{"budget the wrong way round", "notunnel {\nbudget 8KiB 1KiB\n}", nil, "budget: UP 8KiB is more than 4 times DOWN 1KiB, are they swapped? UP DOWN [CLIENT] are wanted"},
		{"budget of nothing", "notunnel {\nbudget 0 8KiB\n}", nil, `budget: "0": UP DOWN [CLIENT] are wanted`},
		{"negative budget", "notunnel {\nbudget -1KiB 8KiB\n}", nil, `budget: "-1KiB": UP DOWN [CLIENT] are wanted`},
		{"budget beyond all", "notunnel {\nbudget 1KiB 8GiB\n}", nil, `budget: "8GiB": UP DOWN [CLIENT] are wanted`},
		{"two popular files", "notunnel {\npopular a b\n}", nil, "popular takes a file or none"},
		{"one client_prefix", "notunnel {\nclient_prefix 24\n}", nil, "client_prefix takes two numbers"},
		{"client_prefix too long", "notunnel {\nclient_prefix 24 129\n}", nil, `"129" is not a number from 0 to 128`},
		{"empty budget", "notunnel {\nbudget\n}", nil, "budget takes UP DOWN [CLIENT], or off"},
		{"half a budget", "notunnel {\nbudget 1KiB\n}", nil, "Testfile:2 - Error during parsing: budget: UP DOWN [CLIENT] are wanted"},
		{"budget of words", "notunnel {\nbudget much little\n}", nil, `budget: "much": UP DOWN`},
		{"budget of nought", "notunnel {\nbudget 1KiB 0\n}", nil, `budget: "0": UP DOWN`},
		{"budget beyond 16 MiB", "notunnel {\nbudget 17MiB 8KiB\n}", nil, `budget: "17MiB": UP DOWN`},
		{"budget half off", "notunnel {\nbudget off 8KiB\n}", nil, `budget: "off": UP DOWN`},
		{"budget twice", "notunnel {\nbudget off\nbudget off\n}", nil, `option "budget" is given twice`},
		{"nothing allowed", "notunnel {\nallow\n}", nil, "allow takes domains or files"},
		{"allowed port", "notunnel {\nallow example.com:53\n}", nil, `Testfile:2 - Error during parsing: allow: "example.com:53" is not a domain`},
		{"allowed address", "notunnel {\nallow 10.0.0.1\n}", nil, "clients are named by exempt"},
		{"denied port", "notunnel {\ndeny example.com:53\n}", nil, `Testfile:2 - Error during parsing: deny: "example.com:53" is not a domain`},
		{"bad exemption", "notunnel {\nexempt 10.0.0.0/40\n}", nil, `"10.0.0.0/40" is neither a network nor an address`},
		{"exemption of no client", "notunnel {\nexempt ::ffff:10.0.0.0/90\n}", nil, "wider than the IPv4 addresses"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := caddy.NewTestController("dns", c.corefile)
			in.ServerBlockKeys = []string{"."}
			dnsserver.GetConfig(in).Root = "/etc/coredns"
			got, err := parse(in)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Errorf("error %v, want %q", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := config{zones: []string{"."}, engine: detect.Default()}
			c.want(&want)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v\nwant %+v", got, want)
			}
		})
	}
}

// The zones of the server block are taken if the directive names none.
func TestParseTakesTheZonesOfTheBlock(t *testing.T) {
	in := caddy.NewTestController("dns", "notunnel")
	in.ServerBlockKeys = []string{"example.org.:53", "dns://example.net.:53"}
	got, err := parse(in)
	if want := []string{"example.org.", "example.net."}; err != nil || !reflect.DeepEqual(got.zones, want) {
		t.Errorf("zones %v, error %v; want %v", got.zones, err, want)
	}
}
