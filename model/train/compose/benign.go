package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

const (
	hexDigits = "0123456789abcdef"
	base32    = "abcdefghijklmnopqrstuvwxyz234567"
	base36    = "0123456789abcdefghijklmnopqrstuvwxyz"
	lowercase = "abcdefghijklmnopqrstuvwxyz"
	// A name keeps its case on the way, but is judged without it.
	base58    = "123456789abcdefghijkmnopqrstuvwxyzabcdefghjklmnpqrstuvwxyz"
	base64url = lowercase + lowercase + "0123456789-_"
)

// random is n characters of an alphabet.
func random(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func guid(r *rand.Rand) string {
	parts := []string{random(r, hexDigits, 8), random(r, hexDigits, 4), "4" + random(r, hexDigits, 3), random(r, "89ab", 1) + random(r, hexDigits, 3), random(r, hexDigits, 12)}
	return strings.Join(parts, "-")
}

func ip(r *rand.Rand, sep string) string {
	return strings.Join([]string{num(r, 256), num(r, 256), num(r, 256), num(r, 254)}, sep)
}

func num(r *rand.Rand, below int) string { return fmt.Sprint(r.IntN(below)) }

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// below is a name under a fixed zone of the session; "" is no zone, or no name but
// the zone's.
func below(prefix, zone string) string {
	if prefix == "" || zone == "" {
		return prefix + zone
	}
	return prefix + "." + zone
}

// benignFamilies are the innocent who look guilty. Formats are those that the
// services publish or that recorded names show; the values in them are random.
// Zones are named where such names are found below few known ones, unlike block
// lists of addresses, which anybody runs. The other sessions of such a family
// stand for a service that nobody has listed, and whose hashes no crowd asks for:
// a crowd's hashes below an unknown SLD cannot be told from a tunnel by what they
// look like.
func benignFamilies(w *world) []family {
	region := func(r *rand.Rand) string {
		return pick(r, "us-east-1", "eu-west-1", "ap-southeast-2", "westeurope", "fra", "ams01", "lhr", "")
	}
	// subzone puts the names of a session below a label of its own, or none.
	subzone := func(start func(r *rand.Rand) namer) func(r *rand.Rand) namer {
		return func(r *rand.Rand) namer {
			next, zone := start(r), ""
			if r.IntN(3) > 0 {
				zone = strings.Trim(w.label(r)+"."+region(r), ".")
			}
			return func() string { return below(next(), zone) }
		}
	}
	families := []family{
		{name: "guid", habit: "address", zones: []string{"trafficmanager.net", "opinsights.azure.com", "resources.office.net", "permutive.app"}, start: func(r *rand.Rand) namer {
			tail := pick(r, "", "-v2", "-secondary", "."+w.label(r))
			return func() string { return guid(r) + tail }
		}},
		{name: "hash-telemetry", habit: "address", zones: []string{"conviva.com", "a2z.com", "quanfeng.net", "footprintdns.com"}, start: func(r *rand.Rand) namer {
			size := []int{32, 40, 60}[r.IntN(3)]
			return func() string { return random(r, hexDigits, size) }
		}},
		{name: "hash-lookup", habit: "listtext", zones: []string{"malware.hash.cymru.com", "md5.dshield.org"}, start: func(r *rand.Rand) namer {
			size := []int{32, 40, 64}[r.IntN(3)]
			return func() string { return strings.Join(chop(random(r, hexDigits, size), 63), ".") }
		}},
		{name: "av-reputation", habit: "constant", zones: []string{"avqs.mcafee.com", "avts.mcafee.com", "sophosxl.net", "e5.sk"}, start: func(r *rand.Rand) namer {
			head := num(r, 20) + "-0.19-" + random(r, hexDigits, 8)
			return func() string {
				return strings.Join([]string{head, random(r, hexDigits, 1+r.IntN(4)), random(r, hexDigits, 1+r.IntN(4)), num(r, 300), "0", random(r, base32, 26)}, ".")
			}
		}},
		{name: "dnsbl", habit: "listed", crowd: true, start: func(r *rand.Rand) namer {
			return func() string { return ip(r, ".") }
		}},
		{name: "uribl", habit: "listed", crowd: true, start: func(r *rand.Rand) namer {
			return func() string { return w.host(r) }
		}},
		{name: "hbl", habit: "listtext", zones: []string{"hbl.dq.spamhaus.net", "ebl.msbl.org"}, start: func(r *rand.Rand) namer {
			form := r.IntN(2)
			return func() string {
				if form == 0 {
					return random(r, base32, 52) + "._email"
				}
				return random(r, hexDigits, 40)
			}
		}},
		{name: "video-edge", habit: "browse", says: hosts, zones: []string{"googlevideo.com", "gvt1.com"}, start: func(r *rand.Rand) namer {
			site := random(r, base36, 4)
			return func() string {
				return fmt.Sprintf("r%d---sn-%s-%s", 1+r.IntN(20), site, random(r, base36, 4))
			}
		}},
		{name: "cdn-node", habit: "browse", says: hosts, start: func(r *rand.Rand) namer {
			form := r.IntN(6)
			return func() string {
				switch form {
				case 0:
					return fmt.Sprintf("e%d.%s", r.IntN(99999), pick(r, "dscb", "dscx", "g", "a"))
				case 1:
					return fmt.Sprintf("occ-0-%d-%d.1", r.IntN(5000), r.IntN(5000))
				case 2:
					return "ec2-" + ip(r, "-")
				case 3:
					return "d" + random(r, base36, 13)
				case 4:
					return fmt.Sprintf("scontent-%s%d-%d.%s", pick(r, "fra", "lhr", "iad", "ams"), 1+r.IntN(9), 1+r.IntN(3), pick(r, "xx", "cdninstagram"))
				}
				return fmt.Sprintf("cb-%s-i-0%s-%d", pick(r, "us-west-2", "eu-central-1"), random(r, hexDigits, 16), r.IntN(3))
			}
		}},
		{name: "balancer", habit: "address", says: hosts, start: func(r *rand.Rand) namer {
			return func() string {
				return "a" + random(r, hexDigits, 31) + "-" + random(r, hexDigits, 16) + ".elb"
			}
		}},
		{name: "address-name", habit: "address", says: hosts, crowd: true, start: func(r *rand.Rand) namer {
			lead := pick(r, "host-", "ip-", "dyn-", "")
			return func() string { return lead + ip(r, "-") }
		}},
		{name: "lan-certificate", habit: "address", zones: []string{"plex.direct"}, start: func(r *rand.Rand) namer {
			server := random(r, hexDigits, 32)
			return func() string {
				if r.IntN(20) == 0 {
					server = random(r, hexDigits, 32)
				}
				return "192-168-" + num(r, 256) + "-" + num(r, 254) + "." + server
			}
		}},
		{name: "ad-frame", habit: "browse", zones: []string{"safeframe.googlesyndication.com"}, start: func(r *rand.Rand) namer {
			return func() string { return random(r, hexDigits, 32) }
		}},
		{name: "site-intercept", habit: "browse", zones: []string{"siteintercept.qualtrics.com"}, start: func(r *rand.Rand) namer {
			return func() string { return "zn" + random(r, base36, 15) + "-" + w.label(r) }
		}},
		{name: "stamped", habit: "browse", says: balanced, start: func(r *rand.Rand) namer {
			at := time.Date(2026, 1, 1, 0, 0, r.IntN(3e7), 0, time.UTC).UnixMilli()
			return func() string {
				at += int64(r.IntN(90_000))
				return fmt.Sprintf("m-%d-%d.beacon", at, r.IntN(100))
			}
		}},
		{name: "tracking-number", habit: "browse", says: balanced, start: func(r *rand.Rand) namer {
			return func() string { return fmt.Sprintf("u%d.ct", 1_000_000+r.IntN(90_000_000)) }
		}},
		{name: "measurement", habit: "address", zones: []string{"dotnxdomain.net", "cedexis-radar.net"}, start: func(r *rand.Rand) namer {
			return func() string {
				return fmt.Sprintf("0du-u%s-c%d-s%d-i%s-0", random(r, hexDigits, 16), 10+r.IntN(200), 1_700_000_000+r.IntN(1e8), random(r, hexDigits, 8))
			}
		}},
		{name: "acme", habit: "text", says: published, start: func(r *rand.Rand) namer {
			if r.IntN(2) == 0 {
				return func() string { return guid(r) }
			}
			return func() string { return "_acme-challenge." + w.label(r) }
		}},
		{name: "dkim", habit: "text", says: published, crowd: true, start: func(r *rand.Rand) namer {
			return func() string {
				return pick(r, "selector1", "s"+num(r, 99), "k2", fmt.Sprint(20200000+r.IntN(69999)), random(r, base32, 32)) + "._domainkey"
			}
		}},
		{name: "spf-macro", habit: "text", crowd: true, start: func(r *rand.Rand) namer {
			return func() string {
				return pick(r, ip(r, ".")+"._spf", w.label(r)+"._spf", ip(r, ".")+"."+w.label(r)+"._i")
			}
		}},
		{name: "openpgpkey", habit: "key", start: func(r *rand.Rand) namer {
			return func() string { return random(r, hexDigits, 56) + "._openpgpkey" }
		}},
		{name: "ipfs", habit: "address", zones: []string{"ipfs.dweb.link", "ipfs.w3s.link"}, start: func(r *rand.Rand) namer {
			return func() string { return "bafybei" + random(r, base32, 52) }
		}},
		{name: "service-discovery", habit: "service", crowd: true, start: func(r *rand.Rand) namer {
			site := w.label(r)
			return func() string {
				switch r.IntN(4) {
				case 0:
					return guid(r) + "._msdcs"
				case 1:
					return "_" + pick(r, "ldap", "kerberos", "gc", "kpasswd") + "._tcp." + site + "._sites.dc._msdcs"
				case 2:
					return w.label(r) + ".service.dc1"
				}
				return "_" + w.label(r) + "._tcp"
			}
		}},
		{name: "kubernetes", habit: "missing", crowd: true, start: func(r *rand.Rand) namer {
			space := w.label(r)
			return func() string {
				return pick(r, w.label(r)+"."+space+".svc.cluster.local", w.host(r)+"."+space+".svc", w.label(r)+"-"+random(r, base36, 5)+"."+space)
			}
		}},
		{name: "search-suffix", habit: "missing", crowd: true, start: func(r *rand.Rand) namer {
			return func() string { return w.host(r) }
		}},
		{name: "minimised", habit: "delegate", crowd: true, start: func(r *rand.Rand) namer {
			return func() string { return pick(r, "_."+w.label(r), w.label(r), w.label(r)+"."+w.label(r)) }
		}},
		{name: "reverse", habit: "pointer", crowd: true, zones: []string{"in-addr.arpa"}, start: func(r *rand.Rand) namer {
			return func() string { return ip(r, ".") }
		}},
		{name: "browser-probe", habit: "missing", start: func(r *rand.Rand) namer {
			return func() string { return random(r, lowercase, 7+r.IntN(9)) }
		}},
		{name: "flood", habit: "missing", crowd: true, start: func(r *rand.Rand) namer {
			size, alphabet := 6+r.IntN(11), pick(r, lowercase, base36)
			return func() string { return random(r, alphabet, size) }
		}},
		{name: "wildcard", habit: "address", start: func(r *rand.Rand) namer {
			size, head := 4+r.IntN(9), pick(r, "", w.label(r)+"-")
			return func() string { return head + random(r, base36, size) }
		}},
		{name: "scanner", habit: "missing", crowd: true, start: func(r *rand.Rand) namer {
			return func() string { return w.label(r) }
		}},
		{name: "certificates", habit: "address", crowd: true, start: func(r *rand.Rand) namer {
			return func() string {
				return pick(r, w.label(r)+"."+w.label(r), w.label(r)+"-"+w.label(r), w.label(r))
			}
		}},
		{name: "tenant", habit: "browse", crowd: true, start: func(r *rand.Rand) namer {
			return func() string {
				return pick(r, w.label(r)+num(r, 1000), w.label(r)+"-"+random(r, base36, 6), w.label(r)+"."+pick(r, "s3", "blob", "mail", "crm"))
			}
		}},
		{name: "idn", habit: "browse", start: func(r *rand.Rand) namer {
			return func() string { return "xn--" + w.label(r) + "-" + random(r, base36, 3+r.IntN(5)) }
		}},
	}
	families = slices.Concat(families, cloudFamilies(w), deviceFamilies(w), textFamilies(w))
	for i := range families {
		families[i].start = subzone(families[i].start)
	}
	return families
}
