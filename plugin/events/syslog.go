package events

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/leodido/go-syslog/v4/rfc5424"
)

// syslog sends messages of RFC 5424: by UDP (RFC 5426) one in a datagram, by TCP (RFC
// 6587) and TLS (RFC 5425) each behind its length.
//
// Syslog has no answers, so a connection that breaks may have swallowed what was written
// last. That is written again to the next one: some may come twice, under one uid.
type syslog struct {
	scheme, addr, host string
	sender             string // this machine

	conn   net.Conn
	broken chan struct{} // closed when the connection is; of streams
	unsure []written
}

type written struct {
	text []byte
	at   time.Time
}

const (
	unsureFor  = 2 * time.Second
	mostUnsure = 256
)

func newSyslog(u *url.URL) *syslog {
	s := &syslog{scheme: u.Scheme, addr: u.Host, host: u.Hostname()}
	s.sender, _ = os.Hostname() // without one it is left out
	return s
}

// priority is that of the facility security (4) and the severity warning (4) or informational
// (6).
func priority(e *Event) uint8 {
	const facility = 4 * 8
	if e.Kind == Ended {
		return facility + 6
	}
	return facility + 4
}

func (s *syslog) message(e *Event, text []byte) ([]byte, error) {
	m := &rfc5424.SyslogMessage{}
	m.SetPriority(priority(e))
	m.SetVersion(1)
	m.SetTimestamp(stamp(e.At))
	if s.sender != "" {
		m.SetHostname(s.sender)
	}
	m.SetAppname("notunnel")
	m.SetProcID(strconv.Itoa(os.Getpid()))
	m.SetMsgID(e.Kind.String())
	m.SetMessage(string(text))
	message, err := m.String()
	if err != nil {
		return nil, refused{fmt.Errorf("no syslog message: %w", err)}
	}
	if s.scheme == "syslog" {
		return []byte(message), nil
	}
	return fmt.Appendf(nil, "%d %s", len(message), message), nil
}

func (s *syslog) send(ctx context.Context, e *Event, text []byte) error {
	message, err := s.message(e, text)
	if err != nil {
		return err
	}
	if s.conn != nil && s.gone() {
		if err := s.repeat(ctx); err != nil {
			return err
		}
	}
	if s.conn == nil {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	if err := s.write(ctx, message); err != nil {
		return err
	}
	if s.scheme != "syslog" {
		s.forget()
		s.unsure = append(s.unsure[max(0, len(s.unsure)+1-mostUnsure):], written{text: message, at: time.Now()})
	}
	return nil
}

// forget lets go what has been written long enough ago.
func (s *syslog) forget() {
	for len(s.unsure) > 0 && time.Since(s.unsure[0].at) > unsureFor {
		s.unsure = s.unsure[1:]
	}
}

func (s *syslog) broke() <-chan struct{} { return s.broken }

func (s *syslog) repeat(ctx context.Context) error {
	if s.conn != nil {
		s.close()
		s.forget()
	}
	if len(s.unsure) == 0 {
		return nil
	}
	return s.connect(ctx)
}

// connect dials, and writes what may be lost once more.
func (s *syslog) connect(ctx context.Context) error {
	if err := s.dial(ctx); err != nil {
		return err
	}
	for i := range s.unsure {
		if err := s.write(ctx, s.unsure[i].text); err != nil {
			return err
		}
		s.unsure[i].at = time.Now()
	}
	return nil
}

func (s *syslog) write(ctx context.Context, message []byte) error {
	conn := s.conn
	conn.SetWriteDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { conn.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := s.conn.Write(message); err != nil {
		s.close()
		return err
	}
	return nil
}

func (s *syslog) dial(ctx context.Context) (err error) {
	var d net.Dialer
	switch s.scheme {
	case "syslog":
		s.conn, err = d.DialContext(ctx, "udp", s.addr)
		return err
	case "syslog+tls":
		s.conn, err = (&tls.Dialer{NetDialer: &d, Config: &tls.Config{ServerName: s.host}}).DialContext(ctx, "tcp", s.addr)
	default:
		s.conn, err = d.DialContext(ctx, "tcp", s.addr)
	}
	if err != nil {
		s.conn = nil
		return err
	}
	s.broken = make(chan struct{})
	go watch(s.conn, s.broken)
	return nil
}

// watch reads what nobody sends, to be told of the end of a connection.
func watch(conn net.Conn, broken chan struct{}) {
	defer close(broken)
	for buf := make([]byte, 512); ; {
		if _, err := conn.Read(buf); err != nil {
			return
		}
	}
}

// gone reports whether the other end has closed the connection.
func (s *syslog) gone() bool {
	select {
	case <-s.broken: // never of UDP, where it is nil
		return true
	default:
		return false
	}
}

func (s *syslog) close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn, s.broken = nil, nil
	}
}
