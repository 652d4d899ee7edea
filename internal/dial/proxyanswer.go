//go:build !js

package dial

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/airsocket/airsocket/handshake"
)

// proxyAnswer reads the response of an HTTP proxy to CONNECT.
type proxyAnswer struct {
	conn         net.Conn
	bytes, lines int // limits of the head; negative means no limit

	buf   []byte
	start int // start of the last response
	line  int // start of the next line
	count int // number of lines read
}

// read reads up to the end of the head of the response. Informational responses
// before it count towards the limits (RFC 9110, section 15.2).
func (a *proxyAnswer) read() (status int, err error) {
	for {
		line, err := a.readLine()
		if err != nil {
			return 0, err
		}
		switch {
		case status == 0:
			if status = statusOf(string(line)); status < 100 {
				return 0, handshake.ErrNotHTTP
			}
		case len(line) > 0:
		case status/100 == 1 && status != http.StatusSwitchingProtocols:
			status, a.start = 0, a.line
		default:
			return status, nil
		}
	}
}

// statusOf returns the code of a status line, or 0 if line is not a status line
// (RFC 9112, section 4).
func statusOf(line string) int {
	const version = "HTTP/1.1"
	if len(line) < len(version) || line[:len(version)-1] != version[:len(version)-1] {
		return 0
	}
	code, _, _ := strings.Cut(strings.TrimPrefix(line[len(version):], " "), " ")
	status, err := strconv.ParseUint(code, 10, 16)
	if err != nil || len(code) != 3 {
		return 0
	}
	return int(status)
}

// readLine returns the next line without its end, which may be a bare LF, as several
// proxies send it.
func (a *proxyAnswer) readLine() ([]byte, error) {
	for seen := a.line; ; {
		if i := bytes.IndexByte(a.buf[seen:], '\n'); i >= 0 {
			line := a.buf[a.line : seen+i]
			a.line = seen + i + 1
			if a.count++; a.lines >= 0 && a.count > a.lines {
				return nil, handshake.ErrTooManyLines
			}
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		if seen = len(a.buf); a.bytes >= 0 && seen >= a.bytes {
			return nil, handshake.ErrHeadTooLarge
		}
		if err := a.readMore(); err != nil {
			return nil, err
		}
	}
}

func (a *proxyAnswer) readMore() error {
	n := 1 << 10
	if a.bytes >= 0 {
		n = min(n, a.bytes-len(a.buf))
	}
	had := len(a.buf)
	a.buf = append(a.buf, make([]byte, n)...)
	n, err := a.conn.Read(a.buf[had:])
	a.buf = a.buf[:had+n]
	switch {
	case n > 0:
		return nil
	case err == io.EOF:
		return handshake.ErrUnexpected
	}
	return err
}

// rest returns the bytes after the head.
func (a *proxyAnswer) rest() []byte { return a.buf[a.line:] }

// refusal returns the response as an error, with the start of its body.
func (a *proxyAnswer) refusal() error {
	r := bufio.NewReader(io.MultiReader(bytes.NewReader(a.buf[a.start:]), a.conn))
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", handshake.ErrFieldSyntax, err)
	}
	body, _ := io.ReadAll(io.LimitReader(answer.Body, handshake.MaxErrorBody)) // may be incomplete
	return &ProxyError{Status: answer.StatusCode, Header: answer.Header, Body: body}
}
