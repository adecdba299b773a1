package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

// textFamilies are benign look-ups whose replies bring data: keys, policies, tables
// and versions, short and long, in the encodings that downloads use too. What a
// name has stays as it is, or changes as it is published anew.
func textFamilies(w *world) []family {
	return []family{
		{name: "asn-origin", habit: "text", crowd: true, says: origins, start: func(r *rand.Rand) namer {
			zone := pick(r, "asn", "origin", "origin.asn", "")
			return func() string { return below(ip(r, "."), zone) }
		}},
		{name: "uribl-hash", habit: "listtext", says: listings, start: func(r *rand.Rand) namer {
			alphabet, size := pick(r, base32, hexDigits, base36), []int{16, 26, 32, 40, 52}[r.IntN(5)]
			return func() string { return random(r, alphabet, size) }
		}},
		{name: "dkim-keys", habit: "text", crowd: true, says: published, start: func(r *rand.Rand) namer {
			// One sender with many selectors: a mail service keeps its customers' apart.
			form, year := r.IntN(5), 2020+r.IntN(7)
			return func() string {
				selector := ""
				switch form {
				case 0:
					selector = random(r, base32, 32)
				case 1:
					selector = fmt.Sprintf("%d%02d%02d", year, 1+r.IntN(12), 1+r.IntN(28))
				case 2:
					selector = pick(r, "s", "k", "selector", "mail", "m") + num(r, 400)
				case 3:
					selector = fmt.Sprintf("%s-%d", w.label(r), 1+r.IntN(9))
				default:
					selector = random(r, hexDigits, 8+r.IntN(24))
				}
				return selector + "._domainkey"
			}
		}},
		{name: "domain-texts", habit: "text", crowd: true, says: published, start: func(r *rand.Rand) namer {
			return func() string {
				of := pick(r, "", w.label(r), w.label(r)+"."+w.label(r))
				switch r.IntN(8) {
				case 0:
					return strings.Trim("_dmarc."+of, ".")
				case 1:
					return strings.Trim("default._bimi."+of, ".")
				case 2:
					return strings.Trim(pick(r, "_mta-sts", "_smtp._tls", "_acme-challenge", "_github-challenge-"+w.label(r), "_dnsauth", "_amazonses", "_spf")+"."+of, ".")
				case 3:
					return strings.Trim("_"+random(r, hexDigits, 32)+"."+of, ".")
				}
				return of
			}
		}},
		{name: "keys", habit: "keys", says: published, start: func(r *rand.Rand) namer {
			return func() string { return pick(r, "", w.label(r), "_443._tcp."+w.label(r), "_25._tcp."+w.label(r)) }
		}},
		{name: "update-check", habit: "text", crowd: true, says: versions, start: func(r *rand.Rand) namer {
			zone := pick(r, "current", "v", "ver", "update", "cdb", "")
			major, minor, n := r.IntN(9), r.IntN(100), r.IntN(100_000)
			form := r.IntN(4)
			return func() string {
				n++
				switch form {
				case 0:
					return below(fmt.Sprintf("%d.%d.%d", n, minor, major), zone)
				case 1:
					return below(fmt.Sprintf("%d.%s", n, pick(r, "daily", "main", "bytecode")), zone)
				case 2:
					return below(fmt.Sprintf("v%d-%d-%d", major, minor, n), zone)
				}
				return below(pick(r, "current", "stable", "beta", fmt.Sprint(n/50)), zone)
			}
		}},
		{name: "signatures", habit: "text", says: scores, start: func(r *rand.Rand) namer {
			size, zone := []int{16, 32, 40, 64}[r.IntN(4)], pick(r, "", "md5", "sha1", "f", "malware.hash")
			return func() string { return below(strings.Join(chop(random(r, hexDigits, size), 63), "."), zone) }
		}},
		{name: "polled-text", habit: "text", says: changing, start: func(r *rand.Rand) namer {
			few := several(1+r.IntN(4), func() string { return pick(r, w.label(r), "_config."+w.label(r), "status", "current") })
			return func() string { return few[r.IntN(len(few))] }
		}},
		{name: "rotating-address", habit: "browse", says: rotating, start: func(r *rand.Rand) namer {
			few := several(1+r.IntN(5), func() string { return w.label(r) })
			return func() string { return few[r.IntN(len(few))] }
		}},
		{name: "dns-sd", habit: "service", says: instances, start: func(r *rand.Rand) namer {
			kind := "_" + pick(r, "ipp", "http", "airplay", "raop", "printer", "googlecast", "hap", "ssh") + "._tcp"
			form := r.IntN(3)
			return func() string {
				switch form {
				case 0:
					return strings.ToLower(w.word(r)+" "+w.word(r)+" ("+random(r, hexDigits, 6)+")") + "." + kind
				case 1:
					return random(r, hexDigits, 12) + "@" + w.word(r) + "." + kind
				}
				return pick(r, "b._dns-sd._udp", "lb._dns-sd._udp", "r._dns-sd._udp", kind, w.label(r)+"."+kind)
			}
		}},
	}
}

// origins is what tables of routes say of an address, in one of their layouts.
func origins(r *rand.Rand) answer {
	form := r.IntN(3)
	return func(_ *rand.Rand, name string, qtype int) reply {
		r := fixed(name, 3)
		if qtype != tTXT || r.IntN(12) == 0 {
			return reply{rcode: nxdomain}
		}
		asn, net := 1000+r.IntN(400_000), ip(r, ".")+"/"+pick(r, "16", "19", "20", "22", "24")
		country, registry := pick(r, "US", "DE", "FR", "CN", "BR", "JP"), pick(r, "arin", "ripencc", "apnic", "lacnic")
		switch form {
		case 0:
			return reply{records: []string{quote(fmt.Sprintf("%d|%s|%s|%s|", asn, net, country, registry))}}
		case 1:
			return reply{records: []string{quote(fmt.Sprintf("%d | %s | %s | %s | %d-%02d-%02d", asn, net, country, registry, 1990+r.IntN(36), 1+r.IntN(12), 1+r.IntN(28)))}}
		}
		return reply{records: []string{quote(fmt.Sprint(asn)), quote(net)}}
	}
}

// listings answers as block lists do: a part is listed, with a reason.
func listings(r *rand.Rand) answer {
	share := r.Float64() * r.Float64()
	return func(_ *rand.Rand, name string, qtype int) reply {
		r := fixed(name, 4)
		switch {
		case r.Float64() > share:
			return reply{rcode: nxdomain}
		case qtype == tTXT:
			return reply{records: []string{quote("listed, see https://list.example/q/" + random(r, hexDigits, 8+r.IntN(40)))}}
		case qtype == tA:
			return reply{records: []string{fmt.Sprintf("127.0.0.%d", 2+r.IntN(9))}}
		}
		return reply{}
	}
}

// scores is what is told of a file's hash: when it was seen and by how many, or
// more, in base64.
func scores(r *rand.Rand) answer {
	share, long, write := r.Float64(), r.IntN(3), codings[r.IntN(4)]
	return func(_ *rand.Rand, name string, qtype int) reply {
		r := fixed(name, 5)
		switch {
		case r.Float64() > share:
			return reply{rcode: nxdomain}
		case qtype != tTXT:
			return reply{records: []string{"127.0.0.2"}}
		case long == 0:
			return reply{records: []string{quote(write(bytesOf(r, 12+r.IntN(60))))}}
		}
		return reply{records: []string{quote(fmt.Sprintf("%d %d", 1_500_000_000+r.IntN(2e8), r.IntN(100)))}}
	}
}

// published are the records that domains publish for mail, services and their own
// proof: policies, keys, tokens. Each name has its own, always the same.
func published(*rand.Rand) answer {
	return func(_ *rand.Rand, name string, qtype int) reply {
		r := fixed(name, uint64(10+qtype))
		domain := name[strings.IndexByte(name, '.')+1:]
		b64 := func(n int) string { return base64.StdEncoding.EncodeToString(bytesOf(r, n)) }
		if r.IntN(12) == 0 {
			return reply{rcode: nxdomain}
		}
		switch qtype {
		case tA, tAAAA:
			return hosts(nil)(r, name, qtype)
		case tMX:
			return reply{records: []string{"10 " + pick(r, "mx1.", "mail.", "aspmx.l.", name[:1]+"-mx.") + name + ".", "20 mx2." + name + "."}}
		case tDNSKEY:
			if r.IntN(2) == 0 { // RSA
				return reply{records: []string{"256 3 8 AwEAA" + b64(128)[:171], "257 3 8 AwEAA" + b64(256)[:339]}}
			}
			return reply{records: []string{"256 3 13 " + b64(64), "257 3 13 " + b64(64)}}
		case tDS:
			return reply{records: []string{fmt.Sprintf("%d 13 2 %s", r.IntN(65536), hex.EncodeToString(bytesOf(r, 32)))}}
		case tTLSA:
			return reply{records: []string{"3 1 1 " + hex.EncodeToString(bytesOf(r, 32))}}
		case tOPENPGPKEY:
			return reply{records: []string{b64(300 + r.IntN(900))}}
		case tHTTPS:
			return reply{records: []string{`1 . alpn="h3,h2" ipv4hint=` + rdata(tA, bytesOf(r, 8), nil) + " ech=" + b64(71) + " ipv6hint=" + rdata(tAAAA, bytesOf(r, 8), nil)}}
		case tSRV:
			return reply{records: []string{fmt.Sprintf("0 5 %d %s.", 400+r.IntN(9000), domain)}}
		case tTXT:
			return reply{records: texts(r, name, domain, b64)}
		}
		return reply{}
	}
}

// texts are the text records of a name.
func texts(r *rand.Rand, name, domain string, b64 func(int) string) (all []string) {
	switch first, _, _ := strings.Cut(name, "."); {
	case first == "_dmarc":
		return []string{quote("v=DMARC1; p=" + pick(r, "none", "quarantine", "reject") + "; rua=mailto:" + random(r, hexDigits, 4+r.IntN(20)) + "@" + domain + "; pct=100; fo=1")}
	case strings.Contains(name, "._bimi"):
		return []string{quote("v=BIMI1; l=https://" + domain + "/" + random(r, base36, 6+r.IntN(20)) + ".svg; a=https://" + domain + "/vmc.pem")}
	case strings.Contains(name, "._domainkey"):
		switch r.IntN(6) {
		case 0: // 1024 bits
			return []string{quote("v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ" + b64(129) + "IDAQAB")}
		case 1:
			return []string{quote("v=DKIM1; k=ed25519; p=" + b64(32))}
		case 2: // 4096 bits
			return []string{quote("v=DKIM1; k=rsa; p=MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA" + b64(513) + "CAwEAAQ==")}
		}
		return []string{quote("v=DKIM1; h=sha256; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA" + b64(257) + "wIDAQAB")}
	case strings.HasPrefix(first, "_"):
		return []string{quote(pick(r, random(r, base64url, 43), random(r, hexDigits, 32), "v=STSv1; id="+fmt.Sprint(2_020_000_000+r.IntN(1e8)), "v=TLSRPTv1; rua=mailto:tls@"+domain, random(r, base36, 20+r.IntN(40))))}
	}
	// A zone's own: its mail policy, and what it has proved to others.
	policy := "v=spf1"
	for range 1 + r.IntN(8) {
		policy += pick(r, " include:_spf."+random(r, lowercase, 4+r.IntN(9))+".com", " ip4:"+ip(r, ".")+"/24", " ip4:"+ip(r, "."), " a:mail."+name)
	}
	all = append(all, quote(policy+pick(r, " ~all", " -all")))
	for range r.IntN(7) {
		all = append(all, quote(pick(r,
			"google-site-verification="+random(r, base64url, 43), "MS=ms"+random(r, "0123456789", 8), "facebook-domain-verification="+random(r, base36, 30),
			"atlassian-domain-verification="+b64(48), "docusign="+guid(r), "apple-domain-verification="+random(r, base36, 16), random(r, hexDigits, 32), b64(32+r.IntN(60)))))
	}
	return all
}

// versions tells of versions, by numbers and times, some by a signature too.
func versions(r *rand.Rand) answer {
	signed, parts := r.IntN(3) == 0, 3+r.IntN(6)
	write := codings[r.IntN(4)]
	return func(_ *rand.Rand, name string, qtype int) reply {
		r := fixed(name, 6)
		switch {
		case r.IntN(6) == 0:
			return reply{rcode: nxdomain}
		case qtype == tA:
			return reply{records: []string{"127.0.0." + num(r, 9)}}
		case qtype != tTXT:
			return reply{}
		}
		text := []string{"0.10" + num(r, 9) + "." + num(r, 9)}
		for range parts {
			text = append(text, num(r, 100_000))
		}
		if signed {
			text = append(text, write(bytesOf(r, 32+r.IntN(64))))
		}
		return reply{records: []string{quote(strings.Join(text, ":"))}}
	}
}

// changing is a text that is published anew from time to time: a configuration, a
// status, a challenge.
func changing(r *rand.Rand) answer {
	every, size, write := 0.02+0.3*r.Float64(), 8+int(logUniform(r, 4, 240)), codings[r.IntN(4)]
	serial := map[string]uint64{}
	return func(r *rand.Rand, name string, qtype int) reply {
		if qtype != tTXT {
			return hosts(nil)(r, name, qtype)
		}
		if r.Float64() < every {
			serial[name]++
		}
		// The most of it stays.
		text := write(bytesOf(fixed(name, 7), size*3/4)) + fmt.Sprintf(";serial=%d;", serial[name]) + write(bytesOf(fixed(name, 100+serial[name]), size/4))
		return reply{records: []string{quote(text)}}
	}
}

// rotating answers with some of a pool of addresses, others each time.
func rotating(r *rand.Rand) answer {
	pool, each, key := 4+int(logUniform(r, 1, 400)), 1+r.IntN(8), r.Uint64()
	return func(r *rand.Rand, _ string, qtype int) reply {
		if qtype != tA && qtype != tAAAA {
			return reply{}
		}
		var all []string
		for range each {
			of := rand.New(rand.NewPCG(key, uint64(r.IntN(pool))))
			all = append(all, rdata(qtype, bytesOf(of, 8), nil))
		}
		return reply{records: all}
	}
}

// instances tells of services and where they are.
func instances(*rand.Rand) answer {
	return func(_ *rand.Rand, name string, qtype int) reply {
		r := fixed(name, 8)
		domain := name[strings.IndexByte(name, '.')+1:]
		switch qtype {
		case tSRV:
			return reply{records: []string{fmt.Sprintf("0 0 %d %s-%s.%s.", 80+r.IntN(9000), random(r, lowercase, 5), random(r, hexDigits, 4), domain)}}
		case tTXT:
			return reply{records: []string{quote("txtvers=1") + " " + quote("id="+random(r, hexDigits, 12)) + " " + quote("UUID="+guid(r)) + " " + quote("ty="+random(r, lowercase, 8))}}
		}
		return hosts(nil)(r, name, qtype)
	}
}
