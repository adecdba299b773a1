package capture

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// authorities counts replies by whether they are authoritative.
type authorities map[bool]int

func (authorities) Query(*Query) error { return nil }

func (a authorities) Reply(_ *Query, m *dns.Msg) error {
	a[m.Authoritative]++
	return nil
}

// Logs that tell which replies are authoritative are believed.
func TestAuthoritativeReplies(t *testing.T) {
	for form, log := range map[string]func(aa bool) string{
		"CoreDNS": func(aa bool) string {
			return fmt.Sprintf(`[INFO] 192.0.2.1:4000 - 7 "A IN www.example.net. udp 41 false 1232" NOERROR qr,%srd 82 0.001s`, map[bool]string{true: "aa,"}[aa])
		},
		"Zeek JSON": func(aa bool) string {
			return fmt.Sprintf(`{"_path":"dns","ts":1700000000,"id.orig_h":"192.0.2.1","query":"www.example.net","qtype":1,"rcode":0,"AA":%v,"TC":false,"answers":["192.0.2.9"]}`, aa)
		},
		"Zeek": func(aa bool) string {
			return "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#fields\tts\tid.orig_h\tquery\tqtype\trcode\tAA\tanswers\n#types\ttime\taddr\tstring\tcount\tcount\tbool\tvector[string]\n" +
				"1700000000.0\t192.0.2.1\twww.example.net\t1\t0\t" + map[bool]string{true: "T", false: "F"}[aa] + "\t192.0.2.9"
		},
		"EVE": func(aa bool) string {
			return fmt.Sprintf(`{"timestamp":"2023-11-14T22:13:20.000000+0000","event_type":"dns","src_ip":"192.0.2.53","src_port":53,"dest_ip":"192.0.2.1","dest_port":4000,"dns":{"version":2,"type":"answer","id":7,"flags":"8580","qr":true,"aa":%v,"rrname":"www.example.net","rrtype":"A","rcode":"NOERROR","answers":[{"rrname":"www.example.net","rrtype":"A","ttl":60,"rdata":"192.0.2.9"}]}}`, aa)
		},
	} {
		for _, aa := range []bool{true, false} {
			got := authorities{}
			if _, err := ReadFrom(strings.NewReader(log(aa)+"\n"), form, got); err != nil || got[aa] != 1 || got[!aa] != 0 {
				t.Errorf("%s, authoritative %v: %v, error %v", form, aa, got, err)
			}
		}
	}
}
