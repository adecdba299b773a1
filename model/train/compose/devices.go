package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// deviceFamilies are names that are made by programs for machines, people and
// connections: numbers, serials, session ids. Almost all have an address of their
// own or one of a service's.
func deviceFamilies(w *world) []family {
	return []family{
		{name: "numbered-hosts", habit: "address", crowd: true, says: hosts, start: func(r *rand.Rand) namer {
			roles := several(1+r.IntN(4), func() string {
				return pick(r, "web", "printer", "sensor", "cam", "pc", "ap", "node", "db", "store", w.word(r))
			})
			form := pick(r, "%s-%04d", "%s%03d", "%s%d", "%s-%02d", "%s%05d", "%s.%d", "%s-%x")
			zone, at, inOrder := pick(r, "", "", "dc1", "fra1", "corp", w.word(r)), r.IntN(2000), r.IntN(2) == 0
			return func() string {
				if at++; !inOrder {
					at = r.IntN(2000)
				}
				return below(fmt.Sprintf(form, roles[r.IntN(len(roles))], at), zone)
			}
		}},
		{name: "counted", habit: "address", says: balanced, start: func(r *rand.Rand) namer {
			// Shards, edges and test names that count as downloads do.
			counter, lead := newCounter(r), pick(r, "", "", "s", "edge", "img", "t-", w.word(r)+"-", w.word(r)+".")
			tail, at := pick(r, "", "."+w.word(r), "-"+w.word(r)), -1
			return func() string { at++; return lead + counter(at) + tail }
		}},
		{name: "service-tags", habit: "address", crowd: true, says: hosts, start: func(r *rand.Rand) namer {
			lead, size := pick(r, "", "", "pc-", "nb", "desktop-", "lap"), []int{7, 7, 7, 8, 10, 12}[r.IntN(6)]
			alphabet, zone := pick(r, base36, base36, "0123456789bcdfghjklmnpqrstvwxyz", hexDigits), pick(r, "", "", "corp", "ad", "clients")
			return func() string { return below(lead+random(r, alphabet, size), zone) }
		}},
		{name: "serials", habit: "address", crowd: true, says: balanced, start: func(r *rand.Rand) namer {
			lead, zone := pick(r, "sn", "dev-", "", "a4", "mac-", "meter"), pick(r, "", "mqtt", "device", "iot", "cam")
			alphabet, size := pick(r, "0123456789", hexDigits, base36), 8+r.IntN(9)
			return func() string { return below(lead+random(r, alphabet, size), zone) }
		}},
		{name: "session-labels", habit: "browse", says: balanced, start: func(r *rand.Rand) namer {
			alphabet, size := pick(r, base36, base32, hexDigits, lowercase), 6+r.IntN(27)
			zone := pick(r, "", "app", "rt", "ws", "session", w.word(r))
			return func() string { return below(random(r, alphabet, size), zone) }
		}},
		{name: "proxy-sessions", habit: "browse", says: balanced, start: func(r *rand.Rand) namer {
			org, session := random(r, hexDigits, 8), random(r, hexDigits, 36)
			alphabet, mark := pick(r, hexDigits, base36), pick(r, "x", "p", "proxy", "s")
			return func() string {
				if r.IntN(12) == 0 {
					session = random(r, alphabet, 36)
				}
				return w.host(r) + "." + mark + "." + session + "." + org + ".id"
			}
		}},
		{name: "sandbox-origins", habit: "browse", says: balanced, start: func(r *rand.Rand) namer {
			form := r.IntN(4)
			return func() string {
				switch form {
				case 0:
					return random(r, base32, 52)
				case 1:
					return "v--" + random(r, base36, 52)
				case 2:
					return random(r, base36, 40+r.IntN(16)) + "." + pick(r, "webview", "sandbox", "usercontent")
				}
				return guid(r) + "." + pick(r, "preview", "frame", "sandbox")
			}
		}},
		{name: "guid-telemetry", habit: "address", says: balanced, start: func(r *rand.Rand) namer {
			// The machine's stays, the event's does not, if there is one.
			machine, zone := guid(r), pick(r, "", "events", "t", "ods", "agentsvc", w.word(r))
			varying := r.IntN(3)
			return func() string {
				switch varying {
				case 0:
					return below(guid(r), zone)
				case 1:
					return below(guid(r)+"."+machine, zone)
				}
				return below(w.label(r)+"."+machine, zone)
			}
		}},
		{name: "shared-telemetry", habit: "address", says: balanced, start: func(r *rand.Rand) namer {
			// Many customers send below one SLD, each by its own label.
			size, form := 6+r.IntN(15), r.IntN(3)
			zone := pick(r, "ingest", "collect", "o"+num(r, 1e6)+".ingest", "events.data", "metrics")
			return func() string {
				switch form {
				case 0:
					return "o" + num(r, 5e6) + "." + zone
				case 1:
					return random(r, base36, size) + "." + zone
				}
				return w.word(r) + "-" + random(r, hexDigits, 6) + "." + zone
			}
		}},
		{name: "video-nodes", habit: "browse", says: hosts, start: func(r *rand.Rand) namer {
			site, form := several(2+r.IntN(10), func() string { return "sn-" + random(r, base36, 4) + "-" + random(r, base36, 4) }), r.IntN(3)
			return func() string {
				at := site[r.IntN(len(site))]
				switch form {
				case 0:
					return fmt.Sprintf("r%d---%s", 1+r.IntN(20), at)
				case 1:
					return fmt.Sprintf("rr%d---%s.%s", 1+r.IntN(20), at, "c")
				}
				return fmt.Sprintf("ipv4-c%03d-%s%03d-ix.1.oca", r.IntN(300), pick(r, "fra", "lhr", "iad", "ams"), r.IntN(30))
			}
		}},
		{name: "tracker-ids", habit: "browse", says: balanced, start: func(r *rand.Rand) namer {
			// Each person has a label, or one for each site.
			person, each := random(r, base36, 8+r.IntN(24)), r.IntN(3)
			return func() string {
				switch each {
				case 0:
					return w.label(r) + "." + person
				case 1:
					return random(r, hexDigits, 16) + "." + pick(r, "px", "sync", "t")
				}
				return strings.Join([]string{w.word(r), random(r, base36, 10), "trk"}, "-")
			}
		}},
	}
}
