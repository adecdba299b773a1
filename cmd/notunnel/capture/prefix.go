package capture

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// mostPrefixes is how many programs may have put something before a line: its
// own logger, syslog, a container engine, kubectl.
const mostPrefixes = 5

// unwrap takes off what stands before a line's own text: times, syslog (RFC
// 3164, RFC 5424, and rsyslog's RFC 3339), journalctl (short, short-iso,
// short-full, short-precise, short-unix, json), Docker's json-file, CRI, "kubectl
// logs --prefix", and Docker Compose. Of several times the innermost counts:
// that of the program itself.
func (c *calendar) unwrap(l *line) {
	for range mostPrefixes {
		before := len(l.text)
		if before == 0 {
			return
		}
		switch l.text[0] {
		case '{':
			if !unwrapJSON(l) {
				return
			}
			continue
		case '<':
			unwrapPriority(l, c)
		case '[':
			if end := bytes.IndexByte(l.text, ']'); end > 0 && bytes.HasPrefix(l.text, []byte("[pod/")) {
				l.text = bytes.TrimLeft(l.text[end+1:], " ")
			}
		}
		unwrapCompose(l)
		if at, n := c.stamp(l.text); n > 0 && (n == len(l.text) || l.text[n] == ' ') {
			l.at = at
			l.text = bytes.TrimLeft(l.text[n:], " ")
			unwrapCRI(l)
			unwrapTag(l)
		}
		if len(l.text) == before {
			return
		}
	}
}

// unwrapJSON takes the text out of an entry of Docker's json-file driver or of
// the journal, and reports whether it did.
func unwrapJSON(l *line) bool {
	journal := bytes.Contains(l.text, []byte(`"MESSAGE"`))
	if !journal && !(bytes.Contains(l.text, []byte(`"log"`)) && bytes.Contains(l.text, []byte(`"stream"`))) {
		return false
	}
	var entry struct {
		Log      string          `json:"log"`
		Time     time.Time       `json:"time"`
		Message  json.RawMessage `json:"MESSAGE"` // a text, or the numbers of its bytes
		Realtime string          `json:"__REALTIME_TIMESTAMP"`
		Program  string          `json:"SYSLOG_IDENTIFIER"`
		Host     string          `json:"_HOSTNAME"`
	}
	if json.Unmarshal(l.text, &entry) != nil {
		return false
	}
	if !journal {
		l.text, l.at = bytes.TrimRight([]byte(entry.Log), "\r\n"), entry.Time
		return true
	}
	var message string
	if json.Unmarshal(entry.Message, &message) == nil {
		l.text = []byte(message)
	} else {
		var numbers []uint8
		var list []int
		if json.Unmarshal(entry.Message, &list) != nil {
			return false
		}
		for _, n := range list {
			numbers = append(numbers, byte(n))
		}
		l.text = numbers
	}
	if usec, err := strconv.ParseInt(entry.Realtime, 10, 64); err == nil {
		l.at = time.UnixMicro(usec)
	}
	l.program, l.host = entry.Program, entry.Host
	return true
}

// unwrapPriority takes off <134>, and the whole head of RFC 5424: version, time,
// host, program, process, message and structured data.
func unwrapPriority(l *line, c *calendar) {
	end := bytes.IndexByte(l.text, '>')
	if end < 2 || end > 4 || !digits(l.text, 1, end-1) {
		return
	}
	l.text = l.text[end+1:]
	rest, ok := bytes.CutPrefix(l.text, []byte("1 "))
	if !ok {
		return
	}
	words := bytes.SplitN(rest, []byte{' '}, 6)
	if len(words) < 6 {
		return
	}
	if at, n := c.stamp(words[0]); n > 0 {
		l.at = at
	}
	l.host, l.program, l.text = string(words[1]), string(words[2]), words[5]
	if text, ok := bytes.CutPrefix(l.text, []byte("- ")); ok {
		l.text = text
	} else if bytes.HasPrefix(l.text, []byte("[")) {
		quoted := false
		for i := 0; i < len(l.text); i++ {
			switch {
			case l.text[i] == '\\' && quoted:
				i++
			case l.text[i] == '"':
				quoted = !quoted
			case l.text[i] == ']' && !quoted && (i+1 == len(l.text) || l.text[i+1] == ' '):
				l.text = l.text[i+1:]
				i = len(l.text)
			}
		}
	}
	l.text = bytes.TrimPrefix(bytes.TrimLeft(l.text, " "), []byte("\xef\xbb\xbf"))
}

// unwrapCompose takes off the name of a container, as "docker compose logs"
// writes it.
func unwrapCompose(l *line) {
	name, rest, ok := bytes.Cut(l.text, []byte("| "))
	if !ok || len(name) == 0 || len(name) > 80 {
		return
	}
	if name = bytes.TrimRight(name, " "); bytes.IndexByte(name, ' ') < 0 && bytes.IndexByte(name, '"') < 0 && bytes.IndexByte(name, '\t') < 0 {
		l.text = rest
	}
}

// unwrapCRI takes off what the container runtime interface puts behind its time.
func unwrapCRI(l *line) {
	for _, stream := range []string{"stdout F ", "stderr F ", "stdout P ", "stderr P "} {
		if rest, ok := bytes.CutPrefix(l.text, []byte(stream)); ok {
			l.text = rest
			return
		}
	}
}

// unwrapTag takes off the host and the program behind a time of syslog.
func unwrapTag(l *line) {
	first, rest, _ := bytes.Cut(l.text, []byte{' '})
	if program, ok := tag(first); ok {
		l.program, l.text = program, bytes.TrimLeft(rest, " ")
		return
	}
	second, rest, _ := bytes.Cut(rest, []byte{' '})
	if program, ok := tag(second); ok && isHost(first) {
		l.host, l.program, l.text = string(first), program, bytes.TrimLeft(rest, " ")
	}
}

// tag reads "program:" and "program[process]:".
func tag(word []byte) (program string, ok bool) {
	word, ok = bytes.CutSuffix(word, []byte{':'})
	if !ok || len(word) == 0 || len(word) > 64 {
		return "", false
	}
	if open := bytes.IndexByte(word, '['); open >= 0 {
		if word[len(word)-1] != ']' {
			return "", false
		}
		word = word[:open]
	}
	return string(word), isHost(word)
}

// isHost reports whether a word may name a host or a program.
func isHost(word []byte) bool {
	for _, c := range word {
		if c <= ' ' || c >= 0x7f || bytes.IndexByte([]byte(`[]()"{}#@`), c) >= 0 {
			return false
		}
	}
	return len(word) > 0
}
