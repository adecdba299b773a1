package main

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

// format is how a named tool or malware lays out its names. Its sessions are
// for testing alone: what is learned from are encodings and layouts drawn by
// chance (tunnel.go), and formats show whether that carries over.
type format struct {
	name  string
	start func(r *rand.Rand, p payload) namer
}

// Bytes as base32 and base64url.
var in32, in64 = radix(base32), radix(base64url)

// formats are made after what their authors or those who took them apart have
// published; the source stands before each. What is encrypted there is random
// bytes here.
func formats() []format {
	return []format{
		// Protocol description of dnstt, D. Fifield: client id, padding and
		// packets in base32; a poll has more padding and no packet.
		{"dnstt", func(r *rand.Rand, p payload) namer {
			id := bytesOf(r, 8)
			return func() string {
				data := append(id[:8:8], bytesOf(r, 9)...)
				if r.IntN(3) > 0 {
					data = append(append(id[:8:8], bytesOf(r, 4)...), bytesOf(r, 24+r.IntN(90))...)
				}
				return split63(in32(data))
			}
		}},
		// Source of Sliver, Bishop Fox: protobuf messages in base58 or base32,
		// as much as a name holds.
		{"sliver", func(r *rand.Rand, p payload) namer {
			write := []encoder{in32, radix(base58)}[r.IntN(2)]
			id, offset := bytesOf(r, 3), 0
			return func() string {
				data := bytesOf(r, 16+r.IntN(90))
				offset += len(data)
				head := append([]byte{8, 1, 16}, id...)
				return split63(write(append(append(head, 24, byte(offset), byte(offset>>7), 42), data...)))
			}
		}},
		// Source of goDoH, SensePost: id, type, sequence, checksum, protocol and
		// up to three labels of 60 hexadecimal digits; polls are ids.
		{"godoh", func(r *rand.Rand, p payload) namer {
			id, seq := random(r, hexDigits, 4), 0
			return func() string {
				seq++
				labels := []string{"00", "00", "00"}
				n := 1 + r.IntN(3)
				for i := range n {
					labels[i] = hex.EncodeToString(bytesOf(r, 30))
				}
				return fmt.Sprintf("%s.ef.%x.%s.1.%d.%s", id, seq, random(r, hexDigits, 8), n, strings.Join(labels, "."))
			}
		}},
		// Cobalt Strike, the vendor's manual on DNS beacons: tasks are fetched by
		// counter and id, output is posted in hexadecimal labels.
		{"cobalt-strike", func(r *rand.Rand, p payload) namer {
			id := random(r, hexDigits, 8)
			nonce, count := random(r, hexDigits, 7), 0
			return func() string {
				count++
				if r.IntN(2) == 0 {
					return fmt.Sprintf("api.%x%s.%s", count, nonce, id)
				}
				n := 1 + r.IntN(3)
				labels := make([]string, n)
				for i := range labels {
					labels[i] = hex.EncodeToString(bytesOf(r, 28))
				}
				return fmt.Sprintf("post.%d%s.%x%s.%s", n, strings.Join(labels, "."), count, nonce, id)
			}
		}},
		// Source of DNSExfiltrator, Arno0x: a number and the piece of the archive
		// in base64url or base32.
		{"dnsexfiltrator", func(r *rand.Rand, p payload) namer {
			write := []encoder{in32, in64}[r.IntN(2)]
			size, n := 30+r.IntN(100), -1
			return func() string {
				n++
				return fmt.Sprint(n) + "." + split63(write(bytesOf(r, size)))
			}
		}},
		// pisloader, Unit 42 (2016): four random letters and base32 in one label.
		{"pisloader", func(r *rand.Rand, p payload) namer {
			return func() string { return random(r, lowercase, 4) + in32(p(8+r.IntN(25))) }
		}},
		// UDPoS, Forcepoint (2018): machine id, kind of message and hexadecimal
		// labels of at most 31 digits.
		{"udpos", func(r *rand.Rand, p payload) namer {
			id := random(r, hexDigits, 15)
			return func() string {
				return id + "." + pick(r, "bin", "info", "note", "trp") + "." + strings.Join(chop(hex.EncodeToString(p(15+r.IntN(60))), 31), ".")
			}
		}},
		// FrameworkPOS, G DATA (2014): id, kind, and card data under a constant
		// XOR in hexadecimal.
		{"frameworkpos", func(r *rand.Rand, p payload) namer {
			id, key := random(r, hexDigits, 8), byte(1+r.IntN(255))
			return func() string {
				track := []byte(random(r, "0123456789", 16) + "=" + random(r, "0123456789", 20))
				for i := range track {
					track[i] ^= key
				}
				return id + "." + pick(r, "grp", "tt1", "tt2") + "." + split63(hex.EncodeToString(track))
			}
		}},
		// ALMA Communicator, Unit 42 (2017): four digits, "ID" and the victim's
		// ten digits, pieces, and ten bytes in hexadecimal.
		{"alma", func(r *rand.Rand, p payload) namer {
			id, part := random(r, "0123456789", 10), 0
			return func() string {
				part++
				return fmt.Sprintf("%sid%s-%d-%s", random(r, "0123456789", 4), id, part, hex.EncodeToString(p(10)))
			}
		}},
		// Saitama, Malwarebytes (2022): a counter and data in a base36 whose
		// alphabet is shuffled, in one label.
		{"saitama", func(r *rand.Rand, p payload) namer {
			return func() string { return random(r, base36, 3+14+r.IntN(24)) }
		}},
		// OzymanDNS, D. Kaminsky (2004): base32 upwards in labels, numbers
		// downwards.
		{"ozymandns", func(r *rand.Rand, p payload) namer {
			id, seq := r.IntN(65536), 0
			return func() string {
				seq++
				if r.IntN(3) == 0 {
					return fmt.Sprintf("%d-%d.id-%d.down.sshdns", seq, r.IntN(65536), id)
				}
				return fmt.Sprintf("%s-%d.id-%d.up.sshdns", split63(in32(bytesOf(r, 60+r.IntN(50)))), r.IntN(65536), id)
			}
		}},
		// Multigrain, FireEye (2016): encrypted card data in base32 below "log".
		{"multigrain", func(r *rand.Rand, p payload) namer {
			return func() string { return below(split63(in32(bytesOf(r, 110+r.IntN(18)))), "log") }
		}},
		// The DNS channel of PlugX, as taken apart by several: half a byte a
		// letter from a to p, in labels of 63.
		{"plugx", func(r *rand.Rand, p payload) namer {
			return func() string { return split63(radix(lowercase[:16])(bytesOf(r, 16+r.IntN(70)))) }
		}},
		// AnchorDNS of TrickBot, NTT: a GUID, part and data under XOR, all
		// in hexadecimal.
		{"anchor", func(r *rand.Rand, p payload) namer {
			id := bytesOf(r, 16)
			return func() string {
				data := append(append([]byte{byte('0' + r.IntN(5))}, id...), p(10+r.IntN(40))...)
				for i := range data {
					data[i] ^= 0xb9
				}
				return split63(hex.EncodeToString(data))
			}
		}},
		// DNSpionage, Cisco Talos (2018): four random characters and a few bytes
		// in base32.
		{"dnspionage", func(r *rand.Rand, p payload) namer {
			return func() string { return random(r, lowercase, 4) + in32(p(5+r.IntN(6))) }
		}},
		// ISMAgent, Unit 42 (2017): 13 characters of base64, number, session.
		{"ismagent", func(r *rand.Rand, p payload) namer {
			id, n := guid(r), 0
			return func() string {
				n++
				return fmt.Sprintf("%.13s.%d.d.%s", in64(p(10)), n, id)
			}
		}},
	}
}

// session is one of the tool, in any rhythm.
func (f *format) session(r *rand.Rand, w *world) *session {
	h := rhythms[r.IntN(len(rhythms))]
	return &session{
		family: "format-" + f.name,
		slds:   []string{w.freshSLD(r)},
		next:   f.start(r, newPayload(r)),
		names:  int(logUniform(r, float64(h.fewest), float64(h.most))),
		habits: newHabits(r, "", logUniform(r, h.fastest, h.slowest)),
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
