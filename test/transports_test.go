package test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/miekg/dns"
	proxyproto "github.com/pires/go-proxyproto"
	"github.com/quic-go/quic-go"

	"github.com/notunnel/notunnel/test/lab"
)

// keyPair writes a certificate for loopback, and returns the files.
func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeFile(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	return cert, key
}

// over asks one query by a transport, from a source address.
type over func(ctx context.Context, source, addr string, packet []byte) ([]byte, error)

func strange(protocols ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: protocols} // the test's own server
}

func dialer(source string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
}

func framed(conn net.Conn, packet []byte) ([]byte, error) {
	conn.SetDeadline(time.Now().Add(lab.Patience))
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)); err != nil {
		return nil, err
	}
	return unframed(conn)
}

func unframed(r io.Reader) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	reply := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(r, reply)
	return reply, err
}

func overDoT(ctx context.Context, source, addr string, packet []byte) ([]byte, error) {
	conn, err := (&tls.Dialer{NetDialer: dialer(source), Config: strange()}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return framed(conn, packet)
}

func overDoH(ctx context.Context, source, addr string, packet []byte) ([]byte, error) {
	transport := &http.Transport{DialContext: dialer(source).DialContext, TLSClientConfig: strange(), ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, "POST", "https://"+addr+"/dns-query", bytes.NewReader(packet))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/dns-message")
	reply, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, errors.New(reply.Status)
	}
	return io.ReadAll(reply.Body)
}

func overDoQ(ctx context.Context, source, addr string, packet []byte) ([]byte, error) {
	socket, err := net.ListenPacket("udp", net.JoinHostPort(source, "0"))
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	to, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, err
	}
	conn, err := quic.Dial(ctx, socket, to, strange("doq"), nil)
	if err != nil {
		return nil, err
	}
	defer conn.CloseWithError(0, "")
	stream, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return nil, err
	}
	packet = bytes.Clone(packet)
	packet[0], packet[1] = 0, 0 // RFC 9250, section 4.2.1
	if _, err := stream.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)); err != nil {
		return nil, err
	}
	stream.Close()
	return unframed(stream)
}

// proxied asks as a load balancer does, which says in the PROXY protocol who asks.
func proxied(network string) over {
	return func(ctx context.Context, source, addr string, packet []byte) ([]byte, error) {
		conn, err := net.Dial(network, addr)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		var header *proxyproto.Header
		if ip := net.ParseIP(source); network == "udp" {
			header = proxyproto.HeaderProxyFromAddrs(2, &net.UDPAddr{IP: ip, Port: 4000}, conn.RemoteAddr())
		} else {
			header = proxyproto.HeaderProxyFromAddrs(2, &net.TCPAddr{IP: ip, Port: 4000}, conn.RemoteAddr())
		}
		said, err := header.Format()
		if err != nil {
			return nil, err
		}
		conn.SetDeadline(time.Now().Add(lab.Patience))
		if network == "udp" {
			if _, err := conn.Write(append(said, packet...)); err != nil {
				return nil, err
			}
			return lab.ReadReply(conn)
		}
		if _, err := conn.Write(said); err != nil {
			return nil, err
		}
		return framed(conn, packet)
	}
}

// Whatever way a query comes, its client is the one who sent it: two clients are two.
func TestTransports(t *testing.T) {
	cert, key := keyPair(t)
	for _, c := range []struct {
		name, scheme, plugins string
		ask                   over
	}{
		{"DoT", "tls://", "tls " + cert + " " + key, overDoT},
		{"DoH", "https://", "tls " + cert + " " + key, overDoH},
		{"DoQ", "quic://", "tls " + cert + " " + key, overDoQ},
		{"PROXY over UDP", "", "proxyproto {\n allow 127.0.0.0/8\n }", proxied("udp")},
		{"PROXY over TCP", "", "proxyproto {\n allow 127.0.0.0/8\n }", proxied("tcp")},
		{"PROXY with TLVs", "", "proxyproto {\n allow 127.0.0.0/8\n tlv_metadata\n }", proxied("tcp")},
	} {
		t.Run(c.name, func(t *testing.T) {
			sample := tunnel(t)
			f := start(t, "notunnel", sample.Answer)
			addr := net.JoinHostPort("127.0.0.1", freePort(t))
			_, port, _ := net.SplitHostPort(addr)
			add(t, f.corefile, c.scheme+".:"+port+" {\n bind 127.0.0.1\n "+c.plugins+"\n notunnel\n forward . "+f.upstream.Addr+"\n}\n")
			if err := f.Reload(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			ask := func(source, name string, qtype uint16) *dns.Msg {
				t.Helper()
				packet, err := lab.Query(name, qtype, true).Pack()
				if err != nil {
					t.Fatal(err)
				}
				m := new(dns.Msg)
				if packet, err = c.ask(ctx, source, addr, packet); err == nil {
					err = m.Unpack(packet)
				}
				if err != nil {
					t.Fatal(err)
				}
				return m
			}
			blocked := 0
			for _, l := range sample.Lookups {
				if lab.BlockReason(ask("127.0.0.2", l.Name, l.Type)) != nil {
					if blocked++; blocked == 3 {
						break
					}
				}
			}
			f.says(t, "client=127.0.0.2 ground=model")
			if flags := f.flags(t); blocked != 3 || len(flags) != 1 {
				t.Errorf("%d queries were blocked, flags %+v", blocked, flags)
			}
			if m := ask("127.0.0.3", "www."+sld(t, sample), dns.TypeA); lab.BlockReason(m) != nil {
				t.Errorf("another client is blocked: %v", m)
			}
		})
	}
}
