package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

const (
	hexDigits = "0123456789abcdef"
	base32    = "abcdefghijklmnopqrstuvwxyz234567"
	base36    = "0123456789abcdefghijklmnopqrstuvwxyz"
	lowercase = "abcdefghijklmnopqrstuvwxyz"
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

// below is a name under a fixed zone of the session, "" being no zone.
func below(prefix, zone string) string {
	if zone == "" {
		return prefix
	}
	return prefix + "." + zone
}

// revisit makes some of the names come again, as caches expire and people
// return. Without it every hard name would be new, and a tunnel by that.
func revisit(r *rand.Rand, next namer) namer {
	again, seen := r.Float64()*0.7, []string(nil)
	return func() string {
		if len(seen) > 0 && r.Float64() < again {
			return seen[len(seen)-1-r.IntN(min(len(seen), 12))]
		}
		name := next()
		seen = append(seen, name)
		return name
	}
}

// benignFamilies are the innocent who look guilty. Formats are those that the
// services publish or that recorded names show; the values in them are random.
func benignFamilies(w *world) []family {
	region := func(r *rand.Rand) string {
		return pick(r, "us-east-1", "eu-west-1", "ap-southeast-2", "westeurope", "fra", "ams01", "lhr", "")
	}
	zone := func(r *rand.Rand) string {
		if r.IntN(3) == 0 {
			return ""
		}
		return strings.Trim(w.label(r)+"."+region(r), ".")
	}
	// each draws a zone and repeats make under it.
	each := func(name, habit string, make func(r *rand.Rand) func() string) family {
		return family{name, habit, func(r *rand.Rand) namer {
			under, next := zone(r), make(r)
			return revisit(r, func() string { return below(next(), under) })
		}}
	}
	families := []family{
		each("guid", "address", func(r *rand.Rand) func() string {
			tail := pick(r, "", "-v2", "-secondary", "."+w.label(r))
			return func() string { return guid(r) + tail }
		}),
		each("hash-lookup", "listtext", func(r *rand.Rand) func() string {
			size := []int{32, 40, 64}[r.IntN(3)]
			return func() string { return strings.Join(chop(random(r, hexDigits, size), 63), ".") }
		}),
		each("av-reputation", "constant", func(r *rand.Rand) func() string {
			head := num(r, 20) + "-0.19-" + random(r, hexDigits, 8)
			return func() string {
				return strings.Join([]string{head, random(r, hexDigits, 1+r.IntN(4)), random(r, hexDigits, 1+r.IntN(4)), num(r, 300), "0", random(r, base32, 26)}, ".")
			}
		}),
		each("dnsbl", "listed", func(r *rand.Rand) func() string {
			return func() string { return ip(r, ".") }
		}),
		each("uribl", "listed", func(r *rand.Rand) func() string {
			return func() string { return w.host(r) }
		}),
		each("hbl", "listtext", func(r *rand.Rand) func() string {
			return func() string { return random(r, base32, 52) + "._email" }
		}),
		each("video-edge", "browse", func(r *rand.Rand) func() string {
			site := random(r, base36, 4)
			return func() string {
				return fmt.Sprintf("r%d---sn-%s-%s", 1+r.IntN(20), site, random(r, base36, 4))
			}
		}),
		each("cdn-node", "browse", func(r *rand.Rand) func() string {
			form := r.IntN(5)
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
				}
				return fmt.Sprintf("cb-%s-i-0%s-%d", pick(r, "us-west-2", "eu-central-1"), random(r, hexDigits, 16), r.IntN(3))
			}
		}),
		each("balancer", "address", func(r *rand.Rand) func() string {
			return func() string {
				return "a" + random(r, hexDigits, 31) + "-" + random(r, hexDigits, 16) + ".elb"
			}
		}),
		each("address-name", "address", func(r *rand.Rand) func() string {
			lead := pick(r, "host-", "ip-", "dyn-", "")
			return func() string { return lead + ip(r, "-") }
		}),
		each("lan-certificate", "address", func(r *rand.Rand) func() string {
			server := random(r, hexDigits, 32)
			return func() string {
				if r.IntN(20) == 0 {
					server = random(r, hexDigits, 32)
				}
				return "192-168-" + num(r, 256) + "-" + num(r, 254) + "." + server
			}
		}),
		each("ad-frame", "browse", func(r *rand.Rand) func() string {
			return func() string { return random(r, hexDigits, 32) + ".safeframe" }
		}),
		each("site-intercept", "browse", func(r *rand.Rand) func() string {
			return func() string {
				return "zn" + random(r, base36, 15) + "-" + w.label(r) + ".siteintercept"
			}
		}),
		each("stamped", "browse", func(r *rand.Rand) func() string {
			at := time.Date(2026, 1, 1, 0, 0, r.IntN(3e7), 0, time.UTC).UnixMilli()
			return func() string {
				at += int64(r.IntN(90_000))
				return fmt.Sprintf("m-%d-%d.beacon", at, r.IntN(100))
			}
		}),
		each("tracking-number", "browse", func(r *rand.Rand) func() string {
			return func() string { return fmt.Sprintf("u%d.ct", 1_000_000+r.IntN(90_000_000)) }
		}),
		each("measurement", "address", func(r *rand.Rand) func() string {
			return func() string {
				return fmt.Sprintf("0du-u%s-c%d-s%d-i%s-0", random(r, hexDigits, 16), 10+r.IntN(200), 1_700_000_000+r.IntN(1e8), random(r, hexDigits, 8))
			}
		}),
		each("acme", "text", func(r *rand.Rand) func() string {
			if r.IntN(2) == 0 {
				return func() string { return guid(r) }
			}
			return func() string { return "_acme-challenge." + w.label(r) }
		}),
		each("dkim", "text", func(r *rand.Rand) func() string {
			return func() string {
				return pick(r, "selector1", "s"+num(r, 99), "k2", fmt.Sprint(20200000+r.IntN(69999)), random(r, base32, 32)) + "._domainkey"
			}
		}),
		each("spf-macro", "text", func(r *rand.Rand) func() string {
			return func() string {
				return pick(r, ip(r, ".")+"._spf", w.label(r)+"._spf", ip(r, ".")+"."+w.label(r)+"._i")
			}
		}),
		each("openpgpkey", "key", func(r *rand.Rand) func() string {
			return func() string { return random(r, hexDigits, 56) + "._openpgpkey" }
		}),
		each("ipfs", "address", func(r *rand.Rand) func() string {
			return func() string { return "bafybei" + random(r, base32, 52) }
		}),
		each("service-discovery", "service", func(r *rand.Rand) func() string {
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
		}),
		each("kubernetes", "missing", func(r *rand.Rand) func() string {
			space := w.label(r)
			return func() string {
				return pick(r, w.label(r)+"."+space+".svc.cluster.local", w.host(r)+"."+space+".svc", w.label(r)+"-"+random(r, base36, 5)+"."+space)
			}
		}),
		each("search-suffix", "missing", func(r *rand.Rand) func() string {
			return func() string { return w.host(r) }
		}),
		each("minimised", "delegate", func(r *rand.Rand) func() string {
			return func() string { return pick(r, "_."+w.label(r), w.label(r), w.label(r)+"."+w.label(r)) }
		}),
		each("browser-probe", "missing", func(r *rand.Rand) func() string {
			return func() string { return random(r, lowercase, 7+r.IntN(9)) }
		}),
		each("scanner", "missing", func(r *rand.Rand) func() string {
			return func() string { return w.label(r) }
		}),
		each("certificates", "address", func(r *rand.Rand) func() string {
			return func() string {
				return pick(r, w.label(r)+"."+w.label(r), w.label(r)+"-"+w.label(r), w.label(r))
			}
		}),
		each("tenant", "browse", func(r *rand.Rand) func() string {
			return func() string {
				return pick(r, w.label(r)+num(r, 1000), w.label(r)+"-"+random(r, base36, 6), w.label(r)+"."+pick(r, "s3", "blob", "mail", "crm"))
			}
		}),
		each("idn", "browse", func(r *rand.Rand) func() string {
			return func() string { return "xn--" + w.label(r) + "-" + random(r, base36, 3+r.IntN(5)) }
		}),
	}
	return families
}
