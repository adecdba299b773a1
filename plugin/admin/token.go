package admin

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// leastToken is the shortest token, in bytes; mostToken is the longest.
const (
	leastToken = 16
	mostToken  = 4 << 10
)

// Token is the digest of a secret that every request has to carry; nil is none.
type Token []byte

// NewToken makes one.
func NewToken(secret string) Token {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// ReadToken reads a file with a token, alone on one line, that not everybody can read.
func ReadToken(path string) (Token, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("token file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("token file: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("token file: %s is no regular file", path)
	case info.Mode().Perm()&0o007 != 0:
		return nil, fmt.Errorf("token file: %s can be read or changed by everybody (%v): chmod o= it", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, mostToken+1))
	if err != nil {
		return nil, fmt.Errorf("token file: %w", err)
	}
	secret, err := parseToken(text)
	if err != nil {
		return nil, fmt.Errorf("token file: %s: %w", path, err)
	}
	return NewToken(secret), nil
}

func parseToken(text []byte) (string, error) {
	secret := strings.TrimSpace(string(text))
	switch {
	case len(text) > mostToken:
		return "", fmt.Errorf("it is longer than %d bytes", mostToken)
	case secret == "":
		return "", errors.New("it is empty: write a secret into it, such as that of openssl rand -hex 32")
	case len(secret) < leastToken:
		return "", fmt.Errorf("the token has %d bytes, and at least %d are needed", len(secret), leastToken)
	case bytes.ContainsFunc([]byte(secret), func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", errors.New("the token is to be one line of printable characters of ASCII without spaces")
	}
	return secret, nil
}

// Secret reads the token itself, for a client.
func Secret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret, err := parseToken(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return secret, nil
}

// is reports whether an Authorization header carries the token. How long it takes does
// not depend on how much of it is right.
func (t Token) is(header string) bool {
	scheme, secret, _ := strings.Cut(header, " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	return subtle.ConstantTimeCompare(sum[:], t) == 1 && strings.EqualFold(scheme, "Bearer")
}
