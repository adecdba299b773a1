package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
)

// format is how a named tool or malware lays out its names. Its sessions are
// for testing alone: what is learned from are encodings and layouts drawn by
// chance (tunnel.go), and formats show whether that carries over.
type format struct {
	name  string
	polls bool // asks for news when it has none, else it only sends
	start func(r *rand.Rand, p payload) func(poll bool) string

	// Where replies and types belong to the format; nil for any.
	says   func(r *rand.Rand) answer
	asks   func(name string) int
	inward bool // there is nothing to find but by replies
}

// formats are made after what their authors, or those who took them apart, have
// published; the source stands before each. What is encrypted there is random
// here.
func formats() []format {
	return []format{
		// D. Fifield, "dnstt", protocol notes: client id, padding and packets in
		// base32; a poll has more padding and no packet.
		{name: "dnstt", polls: true, start: func(r *rand.Rand, _ payload) func(bool) string {
			id := bytesOf(r, 8)
			return func(poll bool) string {
				if poll {
					return split63(in32(slices.Concat(id, bytesOf(r, 9))))
				}
				return split63(in32(slices.Concat(id, bytesOf(r, 4+24+r.IntN(90)))))
			}
		}},
		// Bishop Fox, Sliver, source: a protobuf message with type, id, start,
		// stop, size and data, in base58 or in a base32 of its own.
		{name: "sliver", polls: true, start: func(r *rand.Rand, _ payload) func(bool) string {
			write := pick(r, "58", "32")
			id, start := uint64(r.IntN(1<<24)), uint64(0)
			return func(poll bool) string {
				size := 90
				if poll {
					size = 8 + r.IntN(16)
				}
				stop := start + uint64(size)
				var m []byte
				for field, v := range []uint64{1, id, start, stop, uint64(size)} {
					m = binary.AppendUvarint(append(m, byte((field+1)<<3)), v)
				}
				m = append(binary.AppendUvarint(append(m, 6<<3|2), uint64(size)), bytesOf(r, size)...)
				start = stop
				if write == "58" {
					return split63(in58(m))
				}
				return split63(radix("ab1c2d3e4f5g6h7j8k9m0npqrtuvwxyz")(m))
			}
		}},
		// SensePost, goDoH, source: a poll is the agent's name in hexadecimal;
		// data are id, type, sequence, checksum, kind and up to three labels of
		// 60 digits.
		{name: "godoh", polls: true, start: func(r *rand.Rand, _ payload) func(bool) string {
			agent, id, seq := hex.EncodeToString([]byte(random(r, lowercase, 5))), random(r, hexDigits, 4), 0
			return func(poll bool) string {
				if poll {
					return agent
				}
				seq++
				labels := []string{"00", "00", "00"}
				n := 1 + r.IntN(3)
				for i := range n {
					labels[i] = hex.EncodeToString(bytesOf(r, 30))
				}
				return fmt.Sprintf("%s.ef.%x.%s.1.%d.%s", id, seq, random(r, hexDigits, 8), n, strings.Join(labels, "."))
			}
		}},
		// Fortra, Cobalt Strike user guide, "DNS Beacons" and "Malleable Command and
		// Control": the beacon asks for its id, sends who it is below www, fetches
		// tasks below api (TXT), cdn (A) or www6 (AAAA) and posts output in
		// hexadecimal, all by a counter and a number drawn for each transfer. The
		// reply to the id is 0.0.0.0 unless there are tasks, the first reply of a
		// transfer is its size.
		{name: "cobalt-strike", polls: true, asks: cobaltTypes, says: cobaltReplies, start: func(r *rand.Rand, _ payload) func(bool) string {
			id, nonce, count, left := random(r, hexDigits, 8), "", 0, 0
			verb, task := "www", pick(r, "api", "api", "cdn", "www6")
			return func(poll bool) string {
				if poll {
					return id
				}
				if left--; left < 0 {
					if nonce != "" {
						verb = pick(r, task, "post")
					}
					nonce, count, left = random(r, hexDigits, 7), -1, 4+r.IntN(30)
				}
				count++
				if verb == task {
					return fmt.Sprintf("%s.%x%s.%s", verb, count, nonce, id)
				}
				labels := make([]string, 1+r.IntN(3))
				for i := range labels {
					labels[i] = hex.EncodeToString(bytesOf(r, 28))
				}
				return fmt.Sprintf("%s.%d%s.%x%s.%s", verb, len(labels), strings.Join(labels, "."), count, nonce, id)
			}
		}},
		// The same guide, "dns_stager_subhost": the stager counts in three letters, of
		// which the first goes up, and gets the beacon in texts of 255 characters.
		{name: "cobalt-strike-stager", inward: true, asks: func(string) int { return tTXT }, says: staged, start: func(r *rand.Rand, _ payload) func(bool) string {
			id, count := random(r, "0123456789", 4+r.IntN(5)), -1
			return func(bool) string {
				count++
				return string([]byte{lowercase[count%26], lowercase[count/26%26], lowercase[count/26/26%26]}) + ".stage." + id
			}
		}},
		// Arno0x, DNSExfiltrator, source: a number and the piece of the archive
		// in base64url or base32.
		{name: "dnsexfiltrator", polls: false, start: func(r *rand.Rand, _ payload) func(bool) string {
			write := []encoder{in32, in64}[r.IntN(2)]
			size, n := 30+r.IntN(100), -1
			return func(bool) string {
				n++
				return fmt.Sprint(n) + "." + split63(write(bytesOf(r, size)))
			}
		}},
		// Unit 42, "New Wekby Attacks Use DNS Requests As Command and Control
		// Mechanism" (pisloader): four random letters and base32 in one label.
		{name: "pisloader", polls: true, start: func(r *rand.Rand, p payload) func(bool) string {
			return func(poll bool) string {
				if poll {
					return random(r, lowercase, 4) + in32([]byte("sifo"))
				}
				return random(r, lowercase, 4) + in32(p(8+r.IntN(25)))
			}
		}},
		// Forcepoint, "UDPoS – exfiltrating credit card data via DNS": machine
		// id, kind of message and hexadecimal labels of at most 31 digits.
		{name: "udpos", polls: true, start: func(r *rand.Rand, p payload) func(bool) string {
			id := random(r, hexDigits, 15)
			return func(poll bool) string {
				if poll {
					return id + ".ping"
				}
				return id + "." + pick(r, "bin", "info", "note", "trp") + "." + strings.Join(chop(hex.EncodeToString(p(15+r.IntN(60))), 31), ".")
			}
		}},
		// G DATA, "New FrameworkPOS variant exfiltrates data via DNS requests":
		// id, kind, and card data under a constant XOR in hexadecimal.
		{name: "frameworkpos", polls: false, start: func(r *rand.Rand, _ payload) func(bool) string {
			id, key := random(r, hexDigits, 8), byte(1+r.IntN(255))
			return func(bool) string {
				track := []byte(random(r, "0123456789", 16) + "=" + random(r, "0123456789", 20))
				for i := range track {
					track[i] ^= key
				}
				return id + "." + pick(r, "grp", "tt1", "tt2") + "." + split63(hex.EncodeToString(track))
			}
		}},
		// Unit 42, "OilRig Deploys 'ALMA Communicator' – DNS Tunneling Trojan":
		// four random digits, "ID" and the victim's ten, how many queries there
		// will be, ten bytes of the file and its name, both in hexadecimal.
		{name: "alma", polls: false, start: func(r *rand.Rand, p payload) func(bool) string {
			id, left := random(r, "0123456789", 10), 0
			total, file := 0, ""
			return func(bool) string {
				if left--; left < 0 {
					total = 5 + r.IntN(60)
					left, file = total, hex.EncodeToString([]byte(random(r, lowercase, 4+r.IntN(6))))
				}
				return fmt.Sprintf("%sid%s-%d-%s-%s", random(r, "0123456789", 4), id, total, hex.EncodeToString(p(10)), file)
			}
		}},
		// Malwarebytes, "APT34 targets Jordan Government using new Saitama
		// backdoor": data and then a counter of three, in base36 of a shuffled
		// alphabet.
		{name: "saitama", polls: false, start: func(r *rand.Rand, _ payload) func(bool) string {
			mixed, count := shuffle(r, base36), r.IntN(1<<13)
			return func(bool) string {
				count++
				digits := []byte{mixed[count/36/36%36], mixed[count/36%36], mixed[count%36]}
				return random(r, base36, 14+r.IntN(24)) + string(digits)
			}
		}},
		// D. Kaminsky, OzymanDNS, source: base32 upwards in labels, numbers
		// downwards.
		{name: "ozymandns", polls: true, start: func(r *rand.Rand, _ payload) func(bool) string {
			id, seq := r.IntN(65536), 0
			return func(poll bool) string {
				seq++
				if poll {
					return fmt.Sprintf("%d-%d.id-%d.down.sshdns", seq, r.IntN(65536), id)
				}
				return fmt.Sprintf("%s.%d.id-%d.up.sshdns", split63(in32(bytesOf(r, 60+r.IntN(50)))), r.IntN(65536), id)
			}
		}},
		// FireEye, "MULTIGRAIN – Point of Sale Attackers Make an Unhealthy
		// Addition to the Pantry": "log" and a card's data, a block of 1024-bit
		// RSA, in base32.
		{name: "multigrain", polls: false, start: func(r *rand.Rand, _ payload) func(bool) string {
			return func(bool) string { return "log." + split63(in32(bytesOf(r, 128))) }
		}},
		// NTT, "TrickBot variant 'Anchor_DNS' communicating over DNS": kind,
		// GUID and data under a constant XOR, in hexadecimal.
		{name: "anchor", polls: false, start: func(r *rand.Rand, p payload) func(bool) string {
			id := bytesOf(r, 16)
			return func(bool) string {
				data := slices.Concat([]byte{byte('0' + r.IntN(5))}, id, p(10+r.IntN(40)))
				for i := range data {
					data[i] ^= 0xb9
				}
				return split63(hex.EncodeToString(data))
			}
		}},
		// Cisco Talos, "DNSpionage Campaign Targets Middle East": four random
		// letters and a few bytes in base32.
		{name: "dnspionage", polls: false, start: func(r *rand.Rand, p payload) func(bool) string {
			return func(bool) string { return random(r, lowercase, 4) + in32(p(5+r.IntN(6))) }
		}},
		// Unit 42, "OilRig Uses ISMDoor Variant; Possibly Linked to Greenbug
		// Threat Group" (ISMAgent): 13 characters of base64, number, session.
		{name: "ismagent", polls: false, start: func(r *rand.Rand, p payload) func(bool) string {
			id, n := guid(r), 0
			return func(bool) string {
				n++
				return fmt.Sprintf("%.13s.%d.d.%s", in64(p(10)), n, id)
			}
		}},
	}
}

// session is one of the tool, in any rhythm that it has.
func (f *format) session(r *rand.Rand, w *world) *session {
	h := rhythms[r.IntN(len(rhythms))]
	for h.name == "idle" && !f.polls {
		h = rhythms[r.IntN(len(rhythms))]
	}
	next := f.start(r, newPayload(r))
	s := &session{
		family: "format-" + f.name,
		slds:   []string{w.freshSLD(r)},
		next:   func() string { return next(false) },
		names:  int(logUniform(r, float64(h.fewest), float64(h.most))),
		habits: newHabits(r, "", logUniform(r, h.fastest, h.slowest)),
	}
	s.habits.asks = f.asks
	if f.says != nil {
		s.habits.says = f.says(r)
	}
	s.habits.unlogged = s.habits.unlogged && !f.inward
	if f.polls {
		s.poll, s.polls = func() string { return next(true) }, min(h.poll+r.Float64()*(h.mostPoll-h.poll), mostPolls)
	}
	return s
}

// cobaltTypes is what the beacon asks for by a name.
func cobaltTypes(name string) int {
	switch {
	case strings.HasPrefix(name, "api.0"): // the size
		return tA
	case strings.HasPrefix(name, "api."):
		return tTXT
	case strings.HasPrefix(name, "www6.") && !strings.HasPrefix(name, "www6.0"):
		return tAAAA
	}
	return tA
}

func cobaltReplies(r *rand.Rand) answer {
	key, busy := r.Uint64(), 0.02+0.2*r.Float64()
	return func(r *rand.Rand, name string, qtype int) reply {
		of := fixed(name, key)
		switch verb, _, _ := strings.Cut(name, "."); {
		case verb == "post" || verb == "www":
			return reply{records: []string{"0.0.0.0"}}
		case qtype == tTXT:
			return reply{records: []string{quote(base64.StdEncoding.EncodeToString(bytesOf(of, 189)))}}
		case qtype == tAAAA:
			return reply{records: []string{literal(bytesOf(of, 16))}}
		case verb == "cdn" && !strings.HasPrefix(name, "cdn.0"):
			return reply{records: []string{literal(bytesOf(of, 4))}}
		case verb == "api" || verb == "www6" || verb == "cdn":
			return reply{records: []string{fmt.Sprintf("0.0.%d.%d", of.IntN(16), of.IntN(256))}}
		case r.Float64() < busy:
			return reply{records: []string{"0.0.0." + pick(r, "240", "242", "244")}}
		}
		return reply{records: []string{"0.0.0.0"}}
	}
}

func staged(r *rand.Rand) answer {
	key := r.Uint64()
	return func(_ *rand.Rand, name string, _ int) reply {
		return reply{records: []string{quote(base64.RawStdEncoding.EncodeToString(bytesOf(fixed(name, key), 192))[:255])}}
	}
}

func bytesOf(r *rand.Rand, n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

func split63(text string) string { return strings.Join(chop(text, maxLabel), ".") }

var in32, in64 = radix(base32), radix(base64url)

// in58 is base58 as it is, a number of that base; radix would write one
// character a byte.
func in58(data []byte) string {
	n, base, digit := new(big.Int).SetBytes(data), big.NewInt(int64(len(base58))), new(big.Int)
	var b []byte
	for n.Sign() > 0 {
		n.DivMod(n, base, digit)
		b = append(b, base58[digit.Int64()])
	}
	slices.Reverse(b)
	return string(b)
}
