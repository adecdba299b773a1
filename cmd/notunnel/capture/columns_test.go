package capture

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func mapped(t *testing.T, content string, of map[string]string) ([]string, Stats, error) {
	t.Helper()
	columns, err := NewColumns(of)
	if err != nil {
		t.Fatal(err)
	}
	var r record
	stats, err := Options{Columns: columns}.Visit(strings.NewReader(content), "f", &r)
	return r.lines, stats, err
}

func TestColumns(t *testing.T) {
	all := map[string]string{"time": "t", "client": "c", "name": "n", "type": "y", "rcode": "r"}
	told := []string{"? 192.0.2.1 a.example.net A", "! a.example.net NXDOMAIN", "? invalid IP b.example.net TXT", "! b.example.net NOERROR"}
	for name, c := range map[string]struct {
		content string
		of      map[string]string
	}{
		"commas":           {"t,c,n,y,r\n1700000000,192.0.2.1,a.example.net,A,NXDOMAIN\n1700000001.5,,b.example.net,16,0\n", all},
		"quoted":           {"\"t\",\"c\",\"n\",\"y\",\"r\"\r\n\"2026-02-03T04:05:06Z\",\"192.0.2.1#53\",\"a.example.net\",\"A\",\"NXDomain\"\r\n\"-\",\"-\",\"b.example.net\",\"TXT\",\"NoError\"\r\n", all},
		"tabs, other ones": {"x\tr\ty\tn\tc\tt\n0\t3\tA\ta.example.net\t[192.0.2.1]:7\t1700000000123\n0\t0\tTXT\tb.example.net\t\t1700000000123456\n", all},
		"by number":        {"when|who|what|type|code\n2026-02-03 04:05:06|192.0.2.1|a.example.net|A|3\n2026-02-03 04:05:06||b.example.net|TXT|0\n", map[string]string{"time": "1", "client": "2", "name": "3", "type": "4", "rcode": "5"}},
		"JSON":             {`{"t":1700000000,"c":"192.0.2.1","n":"a.example.net","y":"A","r":3}` + "\n" + `{"t":null,"n":"b.example.net","y":16,"r":"NOERROR"}` + "\n", all},
		"JSON within": {`{"t":"2026-02-03T04:05:06Z","s":{"ip":"192.0.2.1"},"q":[{"a.b":{"n":"a.example.net"}}],"y":"A","r":3}` + "\n" + `{"q":[{"a.b":{"n":"b.example.net"}}],"y":16,"r":0}` + "\n",
			map[string]string{"time": "t", "client": "s.ip", "name": "q.0.a.b.n", "type": "y", "rcode": "r"}},
	} {
		t.Run(name, func(t *testing.T) {
			lines, stats, err := mapped(t, strings.ReplaceAll(c.content, "[192.0.2.1]", "192.0.2.1"), c.of)
			if err != nil || stats.Malformed.N > 0 {
				t.Fatalf("%v, %+v", err, stats)
			}
			want(t, lines, told...)
		})
	}
}

// What a row lacks costs the row; what the head lacks is said, with what it has.
func TestColumnsThatAreNotThere(t *testing.T) {
	of := map[string]string{"name": "n", "client": "c"}
	lines, stats, err := mapped(t, "c,n\n192.0.2.1\n192.0.2.1,\n192.0.2.1,a.example.net\n192.0.2", of)
	want(t, lines, "? 192.0.2.1 a.example.net None")
	if err != nil || stats.Malformed.N != 2 || stats.Malformed.First != "line 2: --map: 1 columns, column 2 wanted" || stats.Truncated.N != 1 {
		t.Errorf("%v, %+v", err, stats)
	}
	for content, want := range map[string]string{
		"a,b\n1,2\n":       `f:1: --map: no column "n": the first line has "a,b"`,
		"{\"x\":1}\n":      "f:1: --map: no n",
		"{\"n\":{}}\n":     "f:1: --map: n is neither a text nor a number",
		"{\"n\":\"a\"\n":   "f:1: --map: unexpected EOF",
		"n,c,t\n":          "",
		"n,c\na,192.0.2.1": "",
	} {
		if _, _, err := mapped(t, content, of); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
	}
	for _, c := range []struct {
		of   map[string]string
		want string
	}{
		{map[string]string{"client": "c"}, "name=COLUMN is missing"}, {map[string]string{"name": ""}, "name= names no column"}, {map[string]string{"nmae": "n"}, `"nmae" is none of time`},
	} {
		if _, err := NewColumns(c.of); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.of, err, c.want)
		}
	}
}

// Clients that have names and no addresses are told apart.
func TestClientsByName(t *testing.T) {
	columns, err := NewColumns(map[string]string{"name": "2", "client": "1"})
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	v := hostVisitor{func(host string) { hosts = append(hosts, host) }}
	if _, err := (Options{Columns: columns}).Visit(strings.NewReader("laptop,a.example.net\nphone,b.example.net\n"), "f", v); err != nil {
		t.Fatal(err)
	}
	want(t, hosts, "laptop", "phone")
}

type hostVisitor struct{ told func(string) }

func (v hostVisitor) Query(q *Query) error {
	v.told(q.Host)
	return nil
}

func (hostVisitor) Reply(*Query, *dns.Msg) error { return nil }
