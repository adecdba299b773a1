package main

import (
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
}

// formats are made after what their authors, or those who took them apart, have
// published; the source stands before each. What is encrypted there is random
// here.
func formats() []format {
	return []format{
		// D. Fifield, "dnstt", protocol notes: client id, padding and packets in
		// base32; a poll has more padding and no packet.
		{"dnstt", true, func(r *rand.Rand, _ payload) func(bool) string {
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
		{"sliver", true, func(r *rand.Rand, _ payload) func(bool) string {
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
		{"godoh", true, func(r *rand.Rand, _ payload) func(bool) string {
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
		// Fortra, Cobalt Strike manual, "DNS Beacon": the beacon asks for its id,
		// fetches tasks and posts output in hexadecimal, both by a counter and a
		// number drawn for each transfer.
		{"cobalt-strike", true, func(r *rand.Rand, _ payload) func(bool) string {
			id, nonce, count, left := random(r, hexDigits, 8), "", 0, 0
			verb := ""
			return func(poll bool) string {
				if poll {
					return id
				}
				if left--; left < 0 {
					nonce, count, left, verb = random(r, hexDigits, 7), 0, 4+r.IntN(30), pick(r, "api", "post")
				}
				count++
				if verb == "api" {
					return fmt.Sprintf("api.%x%s.%s", count, nonce, id)
				}
				labels := make([]string, 1+r.IntN(3))
				for i := range labels {
					labels[i] = hex.EncodeToString(bytesOf(r, 28))
				}
				return fmt.Sprintf("post.%d%s.%x%s.%s", len(labels), strings.Join(labels, "."), count, nonce, id)
			}
		}},
		// Arno0x, DNSExfiltrator, source: a number and the piece of the archive
		// in base64url or base32.
		{"dnsexfiltrator", false, func(r *rand.Rand, _ payload) func(bool) string {
			write := []encoder{in32, in64}[r.IntN(2)]
			size, n := 30+r.IntN(100), -1
			return func(bool) string {
				n++
				return fmt.Sprint(n) + "." + split63(write(bytesOf(r, size)))
			}
		}},
		// Unit 42, "New Wekby Attacks Use DNS Requests As Command and Control
		// Mechanism" (pisloader): four random letters and base32 in one label.
		{"pisloader", true, func(r *rand.Rand, p payload) func(bool) string {
			return func(poll bool) string {
				if poll {
					return random(r, lowercase, 4) + in32([]byte("sifo"))
				}
				return random(r, lowercase, 4) + in32(p(8+r.IntN(25)))
			}
		}},
		// Forcepoint, "UDPoS – exfiltrating credit card data via DNS": machine
		// id, kind of message and hexadecimal labels of at most 31 digits.
		{"udpos", true, func(r *rand.Rand, p payload) func(bool) string {
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
		{"frameworkpos", false, func(r *rand.Rand, _ payload) func(bool) string {
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
		{"alma", false, func(r *rand.Rand, p payload) func(bool) string {
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
		{"saitama", false, func(r *rand.Rand, _ payload) func(bool) string {
			mixed, count := shuffle(r, base36), r.IntN(1<<13)
			return func(bool) string {
				count++
				digits := []byte{mixed[count/36/36%36], mixed[count/36%36], mixed[count%36]}
				return random(r, base36, 14+r.IntN(24)) + string(digits)
			}
		}},
		// D. Kaminsky, OzymanDNS, source: base32 upwards in labels, numbers
		// downwards.
		{"ozymandns", true, func(r *rand.Rand, _ payload) func(bool) string {
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
		{"multigrain", false, func(r *rand.Rand, _ payload) func(bool) string {
			return func(bool) string { return "log." + split63(in32(bytesOf(r, 128))) }
		}},
		// NTT, "TrickBot variant 'Anchor_DNS' communicating over DNS": kind,
		// GUID and data under a constant XOR, in hexadecimal.
		{"anchor", false, func(r *rand.Rand, p payload) func(bool) string {
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
		{"dnspionage", false, func(r *rand.Rand, p payload) func(bool) string {
			return func(bool) string { return random(r, lowercase, 4) + in32(p(5+r.IntN(6))) }
		}},
		// Unit 42, "OilRig Uses ISMDoor Variant; Possibly Linked to Greenbug
		// Threat Group" (ISMAgent): 13 characters of base64, number, session.
		{"ismagent", false, func(r *rand.Rand, p payload) func(bool) string {
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
	if f.polls {
		s.poll, s.polls = func() string { return next(true) }, min(h.poll+r.Float64()*(h.mostPoll-h.poll), mostPolls)
	}
	return s
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
