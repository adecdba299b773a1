package capture

import "bufio"

// Form is a form in which DNS traffic is recorded.
type Form struct {
	Name string // as people call it
	Of   string // who writes it, and in which variants it is read
	Says string // what an entry tells of the reply: "answers", "rcode" or "nothing"

	// Is reports whether a file that begins so is of this form as a whole. It is
	// nil for forms of text, which are told line by line.
	Is   func(head []byte) bool
	Read func(in *bufio.Reader, r *reading) error

	// lines begins a text: what it returns is asked for each line that no form
	// before it in the table knows.
	lines func(r *reading) lineReader
}

// What forms tell of replies.
const (
	saysAnswers = "answers"
	saysRcode   = "rcode"
	saysNothing = "nothing"
)

// Forms are all that are read. Binary forms come first. Among those of text the
// more particular ones do: a line is of the first form that knows it.
var Forms = []Form{
	{Name: "pcap", Of: "tcpdump, Wireshark; also concatenated", Says: saysAnswers, Is: isPcap, Read: readPcap},
	{Name: "pcapng", Of: "Wireshark, dumpcap; several sections and interfaces", Says: saysAnswers, Is: isPcapNG, Read: readPcapNG},
	{Name: "dnstap", Of: "Frame Streams of BIND, Unbound, Knot, PowerDNS, CoreDNS; also concatenated", Says: saysAnswers, Is: isDnstap, Read: readDnstap},
	{Name: "Zeek dns.log", Of: "tab separated, with its head", Says: saysAnswers, lines: newZeekTable},
	{Name: "Zeek JSON", Of: "Zeek and Corelight, also streams that mix _path", Says: saysAnswers, lines: newZeekJSON},
	{Name: "Suricata EVE", Of: "eve.json, DNS events of versions 1 to 3", Says: saysAnswers, lines: newEVE},
	{Name: "AdGuard Home", Of: "querylog.json", Says: saysAnswers, lines: newAdGuard},
	{Name: "CoreDNS JSON", Of: "log with -log-format=json, from 1.15", Says: saysRcode, lines: newCoreDNSJSON},
	{Name: "resolvectl monitor", Of: "systemd-resolved, with --json", Says: saysAnswers, lines: newResolvectl},
	{Name: "systemd-resolved", Of: "its log at level debug", Says: saysNothing, lines: newResolved},
	{Name: "BIND query log", Of: "category queries of BIND 9, with any print-time, print-category, print-severity", Says: saysNothing, lines: newBIND},
	{Name: "Unbound", Of: "log-queries and log-replies", Says: saysRcode, lines: newUnbound},
	{Name: "dnsmasq", Of: "log-queries of dnsmasq, Pi-hole and OpenWrt, also extra and proto", Says: saysAnswers, lines: newDnsmasq},
	{Name: "CoreDNS log", Of: "the common and combined formats", Says: saysRcode, lines: newCoreDNSLog},
	{Name: "Windows DNS", Of: "debug log of the DNS server, packets", Says: saysRcode, lines: newWindows},
	{Name: "notunnel TSV", Of: "ts client qname qtype rcode answers [source]", Says: saysAnswers, lines: newLog},
}
