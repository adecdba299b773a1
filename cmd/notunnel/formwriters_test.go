package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// formWriter writes traffic in a form, as its program would.
type formWriter struct {
	form, variant string
	says          string // of replies, if not what the form does
	args          []string
	write         func(t *testing.T, traffic []exchanged) []byte
}

// inLines writes one or more lines for each exchange.
func inLines(format func(e exchanged) string) func(*testing.T, []exchanged) []byte {
	return func(_ *testing.T, traffic []exchanged) []byte {
		var b strings.Builder
		for _, e := range traffic {
			b.WriteString(format(e))
		}
		return []byte(b.String())
	}
}

// bindLine is an entry of BIND's without time.
func bindLine(e exchanged) string {
	return fmt.Sprintf("client @0x7f15e6e8 %s#%d (%s): view in: query: %s IN %s +E(0)K (192.0.2.53)\n", e.client, e.id, e.name, e.name, e.qtype)
}

// bindAt writes BIND's entries with what stands before them.
func bindAt(before func(e exchanged) string) func(*testing.T, []exchanged) []byte {
	return inLines(func(e exchanged) string { return before(e) + bindLine(e) })
}

func corednsLine(e exchanged) string {
	client := e.client
	if strings.Contains(client, ":") {
		client = "[" + client + "]"
	}
	return fmt.Sprintf("[INFO] %s:4000 - %d \"%s IN %s. udp 56 false 1232\" %s qr,aa,rd 64 0.002133973s\n", client, e.id, e.qtype, e.name, e.rcode)
}

func object(fields map[string]any) string {
	line, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(line) + "\n"
}

const rfc3164 = "Jan _2 15:04:05"

var formWriters = []formWriter{
	{form: "BIND query log", variant: "local", write: bindAt(func(e exchanged) string { return e.at.Format("02-Jan-2006 15:04:05.000") + " queries: info: " })},
	{form: "BIND query log", variant: "iso8601", write: bindAt(func(e exchanged) string { return e.at.Format("2006-01-02T15:04:05.000") + " queries: " })},
	{form: "BIND query log", variant: "iso8601-utc", write: bindAt(func(e exchanged) string { return e.at.UTC().Format("2006-01-02T15:04:05.000Z") + " " })},
	{form: "BIND query log", variant: "9.8", write: inLines(func(e exchanged) string {
		return fmt.Sprintf("%s queries: info: client %s#4000: query: %s IN %s +E\n", e.at.Format("02-Jan-2006 15:04:05.000"), e.client, e.name, e.qtype)
	})},
	{form: "BIND query log", variant: "RFC 3164", write: bindAt(func(e exchanged) string { return "<30>" + e.at.Format(rfc3164) + " ns1 named[7]: " })},
	{form: "BIND query log", variant: "RFC 5424", write: bindAt(func(e exchanged) string {
		return "<30>1 " + e.at.Format(time.RFC3339Nano) + ` ns1 named 7 - [x y="]"] ` + "queries: info: "
	})},
	{form: "BIND query log", variant: "rsyslog", write: bindAt(func(e exchanged) string { return e.at.Format("2006-01-02T15:04:05.000000-07:00") + " ns1 named[7]: " })},
	{form: "BIND query log", variant: "journal short-iso", write: bindAt(func(e exchanged) string { return e.at.Format("2006-01-02T15:04:05-0700") + " ns1 named[7]: " })},
	{form: "BIND query log", variant: "journal short-unix", write: bindAt(func(e exchanged) string { return fmt.Sprintf("%d.000000 ns1 named[7]: ", e.at.Unix()) })},
	{form: "BIND query log", variant: "journal json", write: inLines(func(e exchanged) string {
		return object(map[string]any{"MESSAGE": strings.TrimSpace(bindLine(e)), "__REALTIME_TIMESTAMP": fmt.Sprint(e.at.UnixMicro()), "SYSLOG_IDENTIFIER": "named", "_HOSTNAME": "ns1"})
	})},
	{form: "CoreDNS log", variant: "time-stamped", write: inLines(func(e exchanged) string { return e.at.Format(time.RFC3339Nano) + " " + corednsLine(e) })},
	{form: "CoreDNS log", variant: "json-file", write: inLines(func(e exchanged) string {
		return object(map[string]any{"log": corednsLine(e), "stream": "stdout", "time": e.at.Format(time.RFC3339Nano)})
	})},
	{form: "CoreDNS log", variant: "CRI", write: inLines(func(e exchanged) string { return e.at.Format(time.RFC3339Nano) + " stdout F " + corednsLine(e) })},
	{form: "CoreDNS log", variant: "kubectl", write: inLines(func(e exchanged) string {
		return "[pod/coredns-5d78c9869d-abcde/coredns] " + e.at.Format(time.RFC3339Nano) + " " + corednsLine(e)
	})},
	{form: "CoreDNS log", variant: "compose", write: inLines(func(e exchanged) string {
		return "coredns-1  | " + e.at.Format(time.RFC3339Nano) + " " + corednsLine(e)
	})},
	{form: "CoreDNS JSON", write: inLines(func(e exchanged) string {
		return object(map[string]any{"time": e.at, "level": "INFO", "msg": "x", "plugin": "log", "client_ip": e.client, "client_port": 4000, "qname": e.name + ".", "qtype": e.qtype, "qclass": "IN", "rcode": e.rcode})
	})},
	{form: "Unbound", variant: "replies", write: inLines(func(e exchanged) string {
		return fmt.Sprintf("[%d] unbound[7:0] info: %s %s. %s IN %s 0.000841 0 60\n", e.at.Unix(), e.client, e.name, e.qtype, e.rcode)
	})},
	{form: "Unbound", variant: "both, ascii", write: inLines(func(e exchanged) string {
		at := e.at.Format(rfc3164)
		return fmt.Sprintf("%s unbound[7:0] query: %s %s. %s IN\n%s unbound[7:0] reply: %s %s. %s IN %s 0.000841 0 60\n", at, e.client, e.name, e.qtype, at, e.client, e.name, e.qtype, e.rcode)
	})},
	{form: "Unbound", variant: "queries, syslog", says: "nothing", write: inLines(func(e exchanged) string {
		return fmt.Sprintf("%s ns1 unbound: [7:0] info: %s %s. %s IN\n", e.at.Format(rfc3164), e.client, e.name, e.qtype)
	})},
	{form: "dnsmasq", variant: "queries", write: dnsmasqLines(false)},
	{form: "dnsmasq", variant: "extra", write: dnsmasqLines(true)},
	{form: "Zeek dns.log", write: zeekLines},
	{form: "Zeek JSON", variant: "dots", write: zeekObjects(func(e exchanged, f map[string]any) { f["ts"], f["id.orig_h"] = e.at.Unix(), e.client })},
	{form: "Zeek JSON", variant: "underscores", write: zeekObjects(func(e exchanged, f map[string]any) { f["ts"], f["id_orig_h"] = e.at.UnixMilli(), e.client })},
	{form: "Zeek JSON", variant: "nested", write: zeekObjects(func(e exchanged, f map[string]any) {
		f["ts"], f["id"] = e.at.UTC().Format("2006-01-02T15:04:05.000000Z"), map[string]any{"orig_h": e.client, "orig_p": 4000}
	})},
	{form: "Zeek JSON", variant: "mixed", write: func(t *testing.T, traffic []exchanged) []byte {
		return inLines(func(e exchanged) string {
			return object(map[string]any{"_path": "conn", "ts": e.at.Unix(), "id.orig_h": e.client, "query": 7}) +
				string(zeekObjects(func(e exchanged, f map[string]any) {
					f["_path"], f["ts"], f["id.orig_h"] = "dns", e.at.Unix(), e.client
				})(t, []exchanged{e}))
		})(t, traffic)
	}},
	{form: "Suricata EVE", variant: "v1", write: eveLines(1)},
	{form: "Suricata EVE", variant: "v2", write: eveLines(2)},
	{form: "Suricata EVE", variant: "v2 grouped", write: eveLines(-2)},
	{form: "Suricata EVE", variant: "v3", write: eveLines(3)},
	{form: "AdGuard Home", write: func(t *testing.T, traffic []exchanged) []byte {
		return inLines(func(e exchanged) string {
			return object(map[string]any{"T": e.at, "QH": e.name, "QT": e.qtype, "QC": "IN", "CP": "", "IP": e.client, "Answer": base64.StdEncoding.EncodeToString(wireReply(t, e)), "Elapsed": 7, "Result": map[string]any{}})
		})(t, traffic)
	}},
	{form: "Windows DNS", variant: "month first", write: windowsLines("1/2/2006 3:04:05 PM")},
	{form: "Windows DNS", variant: "day first", write: windowsLines("02/01/2006 15:04:05")},
	{form: "Windows DNS", variant: "dots", write: windowsLines("02.01.2006 15:04:05")},
	{form: "Windows DNS", variant: "year first", write: windowsLines("2006-01-02 15:04:05")},
	{form: "pcap", write: packetsOf(false)},
	{form: "pcapng", write: packetsOf(true)},
	{form: "dnstap", write: tappedOf},
	{form: "--map", variant: "JSON", says: "rcode", args: []string{"--map", "time=@timestamp,client=src.ip,name=dns.question.name,type=dns.question.type,rcode=dns.rcode"}, write: inLines(func(e exchanged) string {
		return object(map[string]any{"@timestamp": e.at, "src": map[string]any{"ip": e.client}, "dns": map[string]any{"question": map[string]any{"name": e.name, "type": e.qtype}, "rcode": e.rcode}})
	})},
	{form: "--map", variant: "CSV by name", says: "nothing", args: []string{"--map", "time=When,client=Who,name=What,type=Type"}, write: func(t *testing.T, traffic []exchanged) []byte {
		return append([]byte("Who;What;Type;When\n"), inLines(func(e exchanged) string {
			return fmt.Sprintf("%s;\"%s\";%s;%d\n", e.client, e.name, e.qtype, e.at.UnixMilli())
		})(t, traffic)...)
	}},
	{form: "--map", variant: "CSV by number", says: "nothing", args: []string{"--map", "time=1,client=2,name=4,type=3"}, write: inLines(func(e exchanged) string {
		return fmt.Sprintf("%s,%s,%s,%s\n", e.at.Format("2006-01-02 15:04:05"), netip.AddrPortFrom(netip.MustParseAddr(e.client), 4000), e.qtype, e.name)
	})},
}

func typeNumber(name string) uint16 { return dns.StringToType[name] }

// ownAnswers are answers as our own log has them.
func ownAnswers(e exchanged) string {
	if e.answer == "" {
		return "[]"
	}
	return fmt.Sprintf("[[%q, 60]]", e.answer)
}

// ownLog is our own log, with so much of the replies.
func ownLog(traffic []exchanged, says string) []byte {
	return inLines(func(e exchanged) string {
		rcode, answers := "-", "-"
		if says != "nothing" {
			rcode = e.rcode
		}
		if says == "answers" {
			answers = ownAnswers(e)
		}
		return fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%s\n", e.at.Unix(), e.client, e.name, e.qtype, rcode, answers)
	})(nil, traffic)
}

func dnsmasqLines(extra bool) func(*testing.T, []exchanged) []byte {
	n := 0
	return inLines(func(e exchanged) string {
		before := e.at.Format(rfc3164) + " dnsmasq[7]: "
		if n++; extra {
			before += fmt.Sprintf("%d %s/4000 ", n, e.client)
		}
		answer := e.answer
		if answer == "" {
			answer = e.rcode
		}
		return before + fmt.Sprintf("query[%s] %s from %s\n", e.qtype, e.name, e.client) +
			before + fmt.Sprintf("forwarded %s to 192.0.2.53\n", e.name) +
			before + fmt.Sprintf("reply %s is %s\n", e.name, answer)
	})
}

func zeekAnswer(e exchanged) string {
	if e.qtype == "TXT" && e.answer != "" {
		return fmt.Sprintf("TXT %d %s", len(e.answer), e.answer)
	}
	return e.answer
}

func zeekLines(t *testing.T, traffic []exchanged) []byte {
	head := "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tquery\tqtype\tqtype_name\trcode\tTC\tanswers\n"
	return append([]byte(head), inLines(func(e exchanged) string {
		answer := zeekAnswer(e)
		if answer == "" {
			answer = "-"
		}
		return fmt.Sprintf("%d.000000\tC\t%s\t%s\t%d\t%s\t%d\tF\t%s\n", e.at.Unix(), e.client, e.name, typeNumber(e.qtype), e.qtype, dns.StringToRcode[e.rcode], answer)
	})(t, traffic)...)
}

func zeekObjects(with func(e exchanged, fields map[string]any)) func(*testing.T, []exchanged) []byte {
	return inLines(func(e exchanged) string {
		fields := map[string]any{"uid": "C", "trans_id": e.id, "query": e.name, "qtype": typeNumber(e.qtype), "rcode": dns.StringToRcode[e.rcode]}
		if answer := zeekAnswer(e); answer != "" {
			fields["answers"] = []string{answer}
		}
		with(e, fields)
		return object(fields)
	})
}

// eveLines writes EVE of a version; -2 is the grouped form of version 2.
func eveLines(version int) func(*testing.T, []exchanged) []byte {
	return inLines(func(e exchanged) string {
		event := func(kind string, fields map[string]any) string {
			fields["type"], fields["id"] = kind, e.id
			return object(map[string]any{"timestamp": e.at.Format("2006-01-02T15:04:05.000000-0700"), "flow_id": 7, "event_type": "dns", "src_ip": e.client, "src_port": 4000, "dest_ip": "192.0.2.53", "dest_port": 53, "proto": "UDP", "dns": fields})
		}
		asked := map[string]any{"rrname": e.name, "rrtype": e.qtype}
		query, reply := event("query", map[string]any{"rrname": e.name, "rrtype": e.qtype}), ""
		record := map[string]any{"rrname": e.name, "rrtype": e.qtype, "ttl": 60, "rdata": e.answer}
		switch version {
		case 1:
			if e.answer == "" {
				delete(record, "rdata")
			}
			record["rcode"] = e.rcode
			reply = event("answer", record)
		case 2:
			reply = event("answer", map[string]any{"version": 2, "rcode": e.rcode, "rrname": e.name, "rrtype": e.qtype, "answers": answersOf(e, record)})
		case -2:
			fields := map[string]any{"version": 2, "rcode": e.rcode, "rrname": e.name, "rrtype": e.qtype}
			if e.answer != "" {
				fields["grouped"] = map[string]any{e.qtype: []string{e.answer}}
			}
			reply = event("answer", fields)
		case 3:
			query = event("request", map[string]any{"version": 3, "queries": []any{asked}})
			reply = event("response", map[string]any{"version": 3, "rcode": e.rcode, "queries": []any{asked}, "answers": answersOf(e, record)})
		}
		return query + reply + object(map[string]any{"timestamp": "x", "event_type": "flow", "flow_id": 7})
	})
}

func answersOf(e exchanged, record map[string]any) []any {
	if e.answer == "" {
		return []any{}
	}
	return []any{record}
}

func windowsName(name string) string {
	var b strings.Builder
	for label := range strings.SplitSeq(name, ".") {
		fmt.Fprintf(&b, "(%d)%s", len(label), label)
	}
	return b.String() + "(0)"
}

func windowsLines(layout string) func(*testing.T, []exchanged) []byte {
	return func(t *testing.T, traffic []exchanged) []byte {
		head := "DNS Server log file creation at 1/2/2026\nMessage logging key (for packets - other items use a subset of these fields):\n\tField #  Information         Values\n\n"
		return append([]byte(head), inLines(func(e exchanged) string {
			packet := func(way, client, kind, flags string) string {
				return fmt.Sprintf("%s 0E6C PACKET  000000000624C5C0 UDP %s %-15s %04x %s Q [%s] %-6s %s\r\n", e.at.Format(layout), way, client, e.id, kind, flags, e.qtype, windowsName(e.name))
			}
			return packet("Rcv", e.client, " ", "0001   D   NOERROR") + packet("Snd", "192.0.2.99", " ", "0001   D   NOERROR") +
				packet("Rcv", "192.0.2.99", "R", "8081   DR  "+e.rcode) + packet("Snd", e.client, "R", "8081   DR  "+e.rcode)
		})(t, traffic)...)
	}
}
