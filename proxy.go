package airsocket

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/proxy"

	"github.com/airsocket/airsocket/handshake"
)

// A ProxyError is why there is no connection through a proxy.
type ProxyError struct {
	// Proxy is its URL without the password; empty if Options.Proxy failed.
	Proxy string

	// Status, Header and Body are what an HTTP proxy answered when it refused,
	// such as 407 where it wants to know the user (RFC 9110, section 15.5.8).
	// Body is at most handshake.MaxErrorBody bytes. Status is 0 otherwise.
	Status int
	Header http.Header
	Body   []byte

	// Err is what went wrong where no HTTP proxy has refused: the errors of
	// net for one that cannot be reached, a *TLSError for an https one, what a
	// SOCKS proxy replied, handshake.ErrHeadTooLarge and its like for an answer
	// that is no good.
	Err error
}

// Error names the proxy and what it said.
func (e *ProxyError) Error() string {
	text := "airsocket: proxy"
	if e.Proxy != "" {
		text += " " + e.Proxy
	}
	if e.Status != 0 {
		return fmt.Sprintf("%s: refused: %d %s", text, e.Status, http.StatusText(e.Status))
	}
	return fmt.Sprintf("%s: %v", text, e.Err)
}

// Unwrap is Err.
func (e *ProxyError) Unwrap() error { return e.Err }

// openThrough opens a connection to where d leads through the proxy at u.
func (d *dial) openThrough(u *url.URL) (net.Conn, error) {
	conn, err := d.openVia(u)
	if err == nil {
		return conn, nil
	}
	refusal, ok := errors.AsType[*ProxyError](err)
	if !ok {
		refusal = &ProxyError{Err: err}
	}
	refusal.Proxy = redacted(u.String())
	return nil, refusal
}

func (d *dial) openVia(u *url.URL) (net.Conn, error) {
	var tunnel func(net.Conn, *url.URL) (net.Conn, error)
	switch u.Scheme {
	case "http", "https":
		tunnel = d.tunnelHTTP
	case "socks5", "socks5h":
		tunnel = d.tunnelSOCKS
	default:
		return nil, errors.New("its scheme is not http, https, socks5 or socks5h")
	}
	if u.Hostname() == "" {
		return nil, errors.New("it has no host")
	}
	conn, err := d.open("tcp", addressOf(u))
	if err != nil {
		return nil, err
	}
	if u.Scheme == "https" {
		if conn, err = tlsClient(d.ctx, conn, tlsConfig(d.set.ProxyTLS, u.Hostname())); err != nil {
			return nil, err
		}
	}
	through, err := tunnel(conn, u)
	if err != nil {
		d.unwatch()
		conn.Close()
	}
	return through, err
}

// tunnelSOCKS is RFC 1928, with names resolved by the proxy.
func (d *dial) tunnelSOCKS(conn net.Conn, u *url.URL) (net.Conn, error) {
	var auth *proxy.Auth
	if u.User != nil {
		password, _ := u.User.Password()
		auth = &proxy.Auth{User: u.User.Username(), Password: password}
	}
	socks, err := proxy.SOCKS5("tcp", addressOf(u), auth, opened{conn})
	if err != nil {
		return nil, err
	}
	if _, err := socks.(proxy.ContextDialer).DialContext(d.ctx, "tcp", d.to.address()); err != nil {
		return nil, err
	}
	// Nothing is read ahead, and conn without a wrapper can be read as a raw
	// connection.
	return conn, nil
}

// opened is a proxy.Dialer that has dialled already.
type opened struct{ conn net.Conn }

// Dial returns the connection.
func (o opened) Dial(network, address string) (net.Conn, error) { return o.conn, nil }

// DialContext returns the connection.
func (o opened) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return o.conn, nil
}

// tunnelHTTP is the CONNECT method (RFC 9110, section 9.3.6).
func (d *dial) tunnelHTTP(conn net.Conn, u *url.URL) (net.Conn, error) {
	if _, err := conn.Write(d.connectRequest(u)); err != nil {
		return nil, err
	}
	answer := proxyAnswer{
		conn:  conn,
		bytes: limit(d.set.MaxHead, DefaultMaxHead),
		lines: limit(d.set.MaxHeadLines, DefaultMaxHeadLines),
	}
	status, err := answer.read()
	switch {
	case err != nil:
		return nil, err
	case status/100 != 2:
		return nil, answer.refusal()
	case len(answer.rest()) > 0:
		return &readConn{conn, answer.rest()}, nil
	}
	return conn, nil
}

func (d *dial) connectRequest(u *url.URL) []byte {
	var b bytes.Buffer
	address := d.to.address()
	fmt.Fprintf(&b, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", address, address)
	if user := u.User; user != nil && d.set.ProxyHeader.Get("Proxy-Authorization") == "" {
		password, _ := user.Password()
		fmt.Fprintf(&b, "Proxy-Authorization: %s\r\n", basicAuth(user.Username(), password))
	}
	d.set.ProxyHeader.WriteSubset(&b, map[string]bool{"Host": true, "Content-Length": true, "Transfer-Encoding": true})
	b.WriteString("\r\n")
	return b.Bytes()
}

// proxyAnswer reads what an HTTP proxy answers to CONNECT.
type proxyAnswer struct {
	conn         net.Conn
	bytes, lines int // bounds of the head; 0 for none

	buf   []byte
	start int // of the last response
	line  int // where a line begins that has not been read
	count int // lines read
}

// read reads up to the end of the head of the answer. Informational responses
// before it count for the bounds (RFC 9110, section 15.2).
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

// statusOf is the code of a status line, 0 if it is none (RFC 9112, section 4).
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

// readLine is the next line without its end, which may be a bare LF: more than
// one proxy does that.
func (a *proxyAnswer) readLine() ([]byte, error) {
	for seen := a.line; ; {
		if i := bytes.IndexByte(a.buf[seen:], '\n'); i >= 0 {
			line := a.buf[a.line : seen+i]
			a.line = seen + i + 1
			if a.count++; a.lines > 0 && a.count > a.lines {
				return nil, handshake.ErrTooManyLines
			}
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		if seen = len(a.buf); a.bytes > 0 && seen >= a.bytes {
			return nil, handshake.ErrHeadTooLarge
		}
		if err := a.readMore(); err != nil {
			return nil, err
		}
	}
}

func (a *proxyAnswer) readMore() error {
	n := 1 << 10
	if a.bytes > 0 {
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

// rest is what came behind the head.
func (a *proxyAnswer) rest() []byte { return a.buf[a.line:] }

// refusal is the answer as an error, with the beginning of its body.
func (a *proxyAnswer) refusal() error {
	r := bufio.NewReader(io.MultiReader(bytes.NewReader(a.buf[a.start:]), a.conn))
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", handshake.ErrFieldSyntax, err)
	}
	body, _ := io.ReadAll(io.LimitReader(answer.Body, handshake.MaxErrorBody)) // what there is of it
	return &ProxyError{Status: answer.StatusCode, Header: answer.Header, Body: body}
}
