package detect

import (
	"testing"

	"github.com/miekg/dns"
)

func TestCarries(t *testing.T) {
	for name, want := range map[string]bool{
		"A": false, "AAAA": false, "HTTPS": false, "SVCB": false, "PTR": false, "NS": false, "SOA": false,
		"DS": false, "DNSKEY": false, "CAA": false,
		"TXT": true, "NULL": true, "CNAME": true, "MX": true, "SRV": true, "KEY": true, "ANY": true, "NAPTR": true,
	} {
		qtype, ok := dns.StringToType[name]
		if !ok {
			t.Fatalf("no type %s", name)
		}
		if got := carries(qtype); got != want {
			t.Errorf("carries(%s) = %v", name, got)
		}
	}
	if !carries(65399) {
		t.Error("an unknown type does not carry data")
	}
}

func TestService(t *testing.T) {
	for prefix, want := range map[string]bool{
		"_imaps._tcp": true, "s1._domainkey": true, "_dmarc": true, "a.b._c": true,
		"": false, "www": false, "a_b.c": false, "www_.x_": false, ".": false,
	} {
		if got := service([]byte(prefix)); got != want {
			t.Errorf("service(%q) = %v", prefix, got)
		}
	}
}
