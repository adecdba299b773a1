package test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

var example = regexp.MustCompile(`(?ms)^~~~ http\n(\S+) /api/v1/(\S+)\n(.*?)\n?^(\d+)\n(.*?)^~~~$`)

// The examples of the interface are requests, in the order in which they stand, and what
// they are answered with.
func TestAdminExamples(t *testing.T) {
	text, err := os.ReadFile("../plugin/README.md")
	if err != nil {
		t.Fatal(err)
	}
	sample := tunnel(t)
	d, option := newDesk(t)
	f := start(t, "notunnel {\n "+option+"\n}", sample.Answer)
	replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError)
	id := d.flags(t)[0]["id"].(string)
	examples := example.FindAllStringSubmatch(string(text), -1)
	if len(examples) != strings.Count(string(text), "\n~~~ http\n") || len(examples) < 10 {
		t.Fatalf("%d examples are in the form that is tested", len(examples))
	}
	shown := map[string]bool{}
	for _, e := range examples {
		method, path, body, want := e[1], strings.Replace(e[2], "ID", id, 1), e[3], any(nil)
		shown[regexp.MustCompile(`[/?].*`).ReplaceAllString(e[2], "")] = true
		if err := json.Unmarshal([]byte(e[5]), &want); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		status, said := d.call(t, method, path, body)
		if strconv.Itoa(status) != e[4] {
			t.Errorf("%s %s: status %d, want %s: %v", method, path, status, e[4], said)
		}
		if err := like(said, want, path); err != nil {
			t.Errorf("%s %v", method, err)
		}
	}
	for _, path := range strings.Fields("status flags allow lists explain watch forecast pause") {
		if !shown[path] {
			t.Errorf("there is no example of %s", path)
		}
	}
}

// like says where an answer is not like an example, in which "…" is any value.
func like(got, want any, at string) error {
	switch want := want.(type) {
	case string:
		if want == "…" {
			return nil
		}
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok || len(got) != len(want) {
			return fmt.Errorf("%s: %v, want %v", at, got, want)
		}
		for key := range want {
			if _, there := got[key]; !there {
				return fmt.Errorf("%s: no %s", at, key)
			}
			if err := like(got[key], want[key], at+"."+key); err != nil {
				return err
			}
		}
		return nil
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return fmt.Errorf("%s: %v, want %v", at, got, want)
		}
		for i := range want {
			if err := like(got[i], want[i], fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
		return nil
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s: %v, want %v", at, got, want)
	}
	return nil
}
