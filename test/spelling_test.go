package test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

// certificate writes a certificate for 127.0.0.1 and its key.
func certificate(t *testing.T, folder string) (cert, key string) {
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
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

var anyCertificate = &tls.Config{InsecureSkipVerify: true}

// overHTTPS asks by POST (RFC 8484).
func overHTTPS(addr string, m *dns.Msg) (*dns.Msg, error) {
	wire, err := m.Pack()
	if err != nil {
		return nil, err
	}
	c := http.Client{Transport: &http.Transport{TLSClientConfig: anyCertificate, ForceAttemptHTTP2: true}, Timeout: 5 * time.Second}
	defer c.CloseIdleConnections()
	resp, err := c.Post("https://"+addr+"/dns-query", "application/dns-message", bytes.NewReader(wire))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if wire, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	reply := new(dns.Msg)
	return reply, reply.Unpack(wire)
}

// Over every transport, with and without a cache and a rewrite, letter case does not
// reach the servers of an unknown domain, and the client has its own spelling back.
func TestSpellingOverEveryTransport(t *testing.T) {
	up, err := lab.StartUpstream(func(r *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(r)
		m.Answer = []dns.RR{&dns.A{
			Hdr: dns.RR_Header{Name: r.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: net.IPv4(192, 0, 2, 1),
		}}
		return m
	})
	if err != nil {
		t.Fatal(err)
	}
	defer up.Stop()
	folder := t.TempDir()
	cert, key := certificate(t, folder)
	ports := map[string]string{}
	corefile := ""
	for _, scheme := range []string{"dns", "tls", "https"} {
		for _, more := range []string{"", "cache", "rewrite"} {
			at := scheme + " " + more
			ports[at] = net.JoinHostPort("127.0.0.1", freePort(t))
			_, port, _ := net.SplitHostPort(ports[at])
			corefile += fmt.Sprintf("%s://.:%s {\n bind 127.0.0.1\n errors\n notunnel\n", scheme, port)
			switch more {
			case "cache":
				corefile += " cache 30\n"
			case "rewrite":
				corefile += " rewrite name suffix .asked-test.net. .spelling-test.net. answer auto\n"
			}
			if scheme != "dns" {
				corefile += fmt.Sprintf(" tls %s %s\n", cert, key)
			}
			corefile += " forward . " + up.Addr + "\n}\n"
		}
	}
	path := filepath.Join(folder, "Corefile")
	if err := os.WriteFile(path, []byte(corefile), 0o600); err != nil {
		t.Fatal(err)
	}
	resolver, err := lab.Start(coredns, "-conf", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if resolver.Stop(); t.Failed() {
			t.Logf("the resolver wrote:\n%s", resolver.Log)
		}
	}()
	for _, transport := range []string{"udp", "tcp", "tcp-tls", "https"} {
		for _, more := range []string{"", "cache", "rewrite"} {
			t.Run(transport+" "+more, func(t *testing.T) {
				scheme := map[string]string{"udp": "dns", "tcp": "dns", "tcp-tls": "tls", "https": "https"}[transport]
				addr := ports[scheme+" "+more]
				zone := map[string]string{"rewrite": "asked-test.net."}[more]
				if zone == "" {
					zone = "spelling-test.net."
				}
				for i := range 3 { // the last two from the cache, if there is one
					for _, name := range []string{"WwW." + zone, "wWw." + zone, "GooGle.com."} {
						m := new(dns.Msg).SetQuestion(name, dns.TypeA)
						var reply *dns.Msg
						var err error
						if transport == "https" {
							reply, err = overHTTPS(addr, m)
						} else {
							c := dns.Client{Net: transport, TLSConfig: anyCertificate, Timeout: 5 * time.Second}
							reply, _, err = c.Exchange(m, addr)
						}
						if err != nil {
							t.Fatalf("%d: %v", i, err)
						}
						same := func(a, b string) bool { return a == b }
						if more == "rewrite" { // which spells the names of records its own way
							same = strings.EqualFold
						}
						if len(reply.Question) != 1 || reply.Question[0].Name != name || len(reply.Answer) != 1 || !same(reply.Answer[0].Header().Name, name) {
							t.Errorf("%d: %s is answered by\n%v", i, name, reply)
						}
					}
				}
			})
		}
	}
	if n := up.Asked("GooGle.com."); n == 0 {
		t.Error("no popular name went on as it was spelled")
	}
	for _, q := range up.Questions() {
		if name := q.Name; name != "www.spelling-test.net." && name != "GooGle.com." && name != "." {
			t.Errorf("the upstream was asked for %s", name)
		}
	}
}
