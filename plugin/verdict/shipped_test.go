package verdict

import (
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Names as the listed services make them, and others that only look like them.
func TestShippedCoversKinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	bytes := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.IntN(256))
		}
		return b
	}
	b32 := func(n int) string {
		return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(bytes(n)))
	}
	hexed := func(n int) string { return hex.EncodeToString(bytes(n)) }
	address := func() string {
		a := bytes(4)
		return fmt.Sprintf("%d.%d.%d.%d", a[0], a[1], a[2], a[3])
	}
	kinds := map[string]func() string{
		"Azure host":             func() string { return "vm-01." + b32(16) + ".bx.internal.cloudapp.net" },
		"Azure search suffix":    func() string { return "www.example.org." + b32(16) + ".bx.internal.cloudapp.net" },
		"Azure with its own DNS": func() string { return "www.example.org.reddog.microsoft.com" },
		"Oracle Cloud host":      func() string { return "oke-" + b32(8) + "-0.sub" + hexed(5) + ".net.oraclevcn.com" },
		"OpenStack host":         func() string { return "host-" + hexed(4) + ".openstacklocal" },
		"Google probe":           func() string { return "p5-" + b32(8) + "-" + b32(10) + "-if-v6exp3-v4.metric.gstatic.com" },
		"Fastly probe":           func() string { return hexed(16) + ".u.fastly-insights.com" },
		"rspamd network":         func() string { return address() + ".asn.rspamd.com" },
		"rspamd hash":            func() string { return b32(20) + ".uribl.rspamd.com" },
		"Mailspike":              func() string { return address() + ".rep.mailspike.net" },
		"Spam Eating Monkey":     func() string { return address() + ".bl.spameatingmonkey.net" },
		"Sender Score":           func() string { return address() + ".bl.score.senderscore.com" },
		"SuretyMail":             func() string { return address() + ".iadb.isipp.com" },
		"Umbrella session":       func() string { return "www.example.org.x." + hexed(18) + "." + hexed(4) + ".id.opendns.com" },
		"web view":               func() string { return "v--" + b32(32) + ".vscode-cdn.net" },
		"Arweave transaction":    func() string { return b32(32) + ".arweave.net" },
		"IPFS content":           func() string { return "b" + b32(36) + ".ipfs.w3s.link" },
		"Google script":          func() string { return "n-" + b32(32) + "-0lu-script.googleusercontent.com" },
	}
	list := Shipped()
	for kind, name := range kinds {
		for range 50 {
			n := name()
			if !list.Covers([]byte(n)) {
				t.Fatalf("%s: %s is not covered", kind, n)
			}
			for _, other := range []string{n + ".evil.com", n + "x"} {
				if list.Covers([]byte(other)) {
					t.Fatalf("%s: %s is covered", kind, other)
				}
			}
		}
	}
	for _, name := range []string{
		"internal.cloudapp.net.evil.com", "xinternal.cloudapp.net", "x.cloudapp.net", "cloudapp.net",
		"xoraclevcn.com", "oraclevcn.com.co", "oraclevcn.net", "a.gstatic.com", "xmetric.gstatic.com",
		"rspamd.com", "x.rspamd.com", "xuribl.rspamd.com", "opendns.com", "x.opendns.com", "xid.opendns.com",
		"vscode-cdn.com", "xvscode-cdn.net", "arweave.dev", "microsoft.com", "x.microsoft.com",
		"senderscore.com", "isipp.com", "bondedsender.org", "habeas.com", "blocklist.de", "backscatterer.org",
		"oaiusercontent.com", "usercontent.goog", "xgoogleusercontent.com", "openstacklocal.com",
	} {
		if list.Covers([]byte(name)) {
			t.Errorf("%s is covered", name)
		}
	}
}
