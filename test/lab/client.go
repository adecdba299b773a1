package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"

	"github.com/miekg/dns"
)

// Client asks a resolver from one source address, over UDP.
type Client struct {
	Source string // such as 127.0.0.2; "" for any
	Server string // host:port
}

// Dial opens a socket of the client.
func (c Client) Dial(network string) (net.Conn, error) {
	d := net.Dialer{Timeout: Patience}
	if c.Source != "" {
		var err error
		if d.LocalAddr, err = local(network, c.Source); err != nil {
			return nil, err
		}
	}
	conn, err := d.DialContext(context.Background(), network, c.Server)
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(Patience))
}

func local(network, ip string) (net.Addr, error) {
	addr := net.JoinHostPort(ip, "0")
	if network == "tcp" {
		return net.ResolveTCPAddr(network, addr)
	}
	return net.ResolveUDPAddr(network, addr)
}

// Ask sends a query and returns the reply.
func (c Client) Ask(m *dns.Msg) (*dns.Msg, error) {
	packet, err := m.Pack()
	if err != nil {
		return nil, err
	}
	packet, err = c.Raw("udp", packet)
	if err != nil {
		return nil, err
	}
	reply := new(dns.Msg)
	if err := reply.Unpack(packet); err != nil {
		return nil, err
	}
	if reply.Id != m.Id {
		return nil, dns.ErrId
	}
	return reply, nil
}

// Raw sends a message as it stands and returns the reply as it came.
func (c Client) Raw(network string, packet []byte) ([]byte, error) {
	conn, err := c.Dial(network)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if network == "tcp" {
		if _, err := conn.Write(binary.BigEndian.AppendUint16(nil, uint16(len(packet)))); err != nil {
			return nil, err
		}
	}
	if _, err := conn.Write(packet); err != nil {
		return nil, err
	}
	return ReadReply(conn)
}

// ReadReply reads one message off a socket.
func ReadReply(conn net.Conn) ([]byte, error) {
	buf := make([]byte, dns.MaxMsgSize)
	if _, stream := conn.(*net.TCPConn); !stream {
		n, err := conn.Read(buf)
		return buf[:n], err
	}
	if _, err := io.ReadFull(conn, buf[:2]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(buf))
	_, err := io.ReadFull(conn, buf[:n])
	return buf[:n], err
}

// Query is a question for Ask; edns puts an OPT in, with the size that tunnel
// clients use.
func Query(name string, qtype uint16, edns bool) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), qtype)
	if edns {
		m.SetEdns0(4096, false)
	}
	return m
}

// BlockReason is what the plugin says in a reply that it made to a query with
// OPT (RFC 8914, code 15); nil if another made it.
func BlockReason(m *dns.Msg) *dns.EDNS0_EDE {
	opt := m.IsEdns0()
	if opt == nil {
		return nil
	}
	for _, o := range opt.Option {
		if e, ok := o.(*dns.EDNS0_EDE); ok && e.InfoCode == dns.ExtendedErrorCodeBlocked {
			return e
		}
	}
	return nil
}

// ErrOneLoopback says that the system has no loopback address but 127.0.0.1.
var ErrOneLoopback = errors.New("clients of their own need 127.0.0.2 and on: Linux has them")

// CheckLoopback reports whether several clients can be told apart here.
func CheckLoopback() error {
	conn, err := net.ListenPacket("udp", "127.0.0.2:0")
	if err != nil {
		return ErrOneLoopback
	}
	return conn.Close()
}
