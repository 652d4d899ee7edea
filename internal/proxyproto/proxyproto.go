// Package proxyproto parses the header of the PROXY protocol, versions 1 and 2, with which
// a proxy says at the beginning of a connection which client it has connected.
package proxyproto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// ErrHeader is returned for a connection that does not begin with a valid header. The
// error that wraps it says what is wrong.
var ErrHeader = errors.New("airsocket: a connection from an address in Server.ProxyProtocol does not begin with a valid PROXY header")

// MaxLength is the length in bytes of the longest header of version 2 that is accepted.
// Senders should stay below 536, so that a header fits into one packet.
const MaxLength = 4096

const (
	line      = "PROXY "                       // with which version 1 begins
	signature = "\r\n\r\n\x00\r\nQUIT\n"       // with which version 2 begins
	maxLine   = 107                            // of version 1, with CR and LF
	fixed     = len(signature) + 4             // of version 2, before the addresses
	unixPath  = 108                            // bytes of the path of a unix socket
	tcp4      = 2 * (4 + 2)                    // bytes of two addresses with ports
	tcp6      = 2 * (16 + 2)                   // the same for IPv6
	maxKept   = max(maxLine, fixed+2*unixPath) // what a Parser keeps of any header
)

// A Parser parses the header of one connection. The zero value is ready to use.
type Parser struct {
	buf         [maxKept]byte
	n           int // bytes in buf
	end         int // of the addresses of version 2 in buf; 0 until it is known
	skip        int // bytes that follow the addresses and are skipped
	done        bool
	source      net.Addr
	destination net.Addr
}

// Done reports whether the header is complete.
func (p *Parser) Done() bool { return p.done }

// Addresses returns the addresses of the client and of what it has connected to, when the
// header is complete. Both are nil if the header does not tell any, such as if the proxy
// itself has opened the connection to check whether it works.
func (p *Parser) Addresses() (client, server net.Addr) { return p.source, p.destination }

// Feed takes the next bytes of the connection. It returns those that follow the header, and
// whether the header is complete. It must not be called again after an error.
func (p *Parser) Feed(in []byte) (rest []byte, done bool, err error) {
	for len(in) > 0 && !p.done {
		if p.end > 0 && p.n == p.end {
			n := min(len(in), p.skip)
			in = in[n:]
			p.skip -= n
			p.done = p.skip == 0
			continue
		}
		p.buf[p.n] = in[0]
		p.n++
		in = in[1:]
		if err := p.look(); err != nil {
			return nil, false, err
		}
	}
	return in, p.done, nil
}

// look is called after each byte of what is kept.
func (p *Parser) look() error {
	b := p.buf[:p.n]
	switch {
	case begins(b, line), begins(b, signature):
		return nil
	case b[0] == line[0] && len(b) > len(line):
		return p.lookAtLine(b)
	case b[0] == signature[0] && len(b) > len(signature):
		return p.lookAtBinary(b)
	}
	return broken("it begins with %q: let the proxy send a header, or remove its address", b)
}

// begins reports whether b is the beginning of s.
func begins(b []byte, s string) bool { return len(b) <= len(s) && string(b) == s[:len(b)] }

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrHeader, fmt.Sprintf(format, args...))
}

// lookAtLine is look for version 1.
func (p *Parser) lookAtLine(b []byte) error {
	text, ended := strings.CutSuffix(string(b[len(line):]), "\n")
	if !ended {
		if len(b) == maxLine {
			return broken("a line of version 1 is longer than %d bytes", maxLine)
		}
		return nil
	}
	text, ok := strings.CutSuffix(text, "\r")
	if !ok {
		return broken("a line of version 1 ends without CR")
	}
	p.done = true
	if text == "UNKNOWN" || strings.HasPrefix(text, "UNKNOWN ") {
		return nil
	}
	f := strings.Split(text, " ")
	if len(f) != 5 || f[0] != "TCP4" && f[0] != "TCP6" {
		return broken("%q is not TCP4 or TCP6 with two addresses and two ports, nor UNKNOWN", text)
	}
	source, ok1 := parseAddr(f[0], f[1], f[3])
	destination, ok2 := parseAddr(f[0], f[2], f[4])
	if !ok1 || !ok2 {
		return broken("%q has a wrong address or port", text)
	}
	p.source, p.destination = net.TCPAddrFromAddrPort(source), net.TCPAddrFromAddrPort(destination)
	return nil
}

func parseAddr(family, addr, port string) (netip.AddrPort, bool) {
	ip, err := netip.ParseAddr(addr)
	if err != nil || ip.Zone() != "" || ip.Is4() != (family == "TCP4") {
		return netip.AddrPort{}, false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || strconv.FormatUint(n, 10) != port {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(ip, uint16(n)), true
}

// The values of the bytes after the signature.
const (
	version2  = 2
	proxied   = 1 // the command PROXY; 0 is LOCAL
	inet      = 1 // families
	inet6     = 2
	unix      = 3
	stream    = 1 // protocols
	datagrams = 2
)

// lookAtBinary is look for version 2.
func (p *Parser) lookAtBinary(b []byte) error {
	at := len(signature)
	switch len(b) {
	case at + 1:
		if b[at]>>4 != version2 || b[at]&15 > proxied {
			return broken("version and command are %#x", b[at])
		}
	case at + 2:
		if b[at]&15 == proxied && (b[at+1]>>4 > unix || b[at+1]&15 > datagrams) {
			return broken("address family and protocol are %#x", b[at+1])
		}
	case fixed:
		length, addresses := int(binary.BigEndian.Uint16(b[at+2:])), p.addresses()
		switch {
		case fixed+length > MaxLength:
			return broken("it is %d bytes long, more than %d", fixed+length, MaxLength)
		case length < addresses:
			return broken("it ends within the addresses")
		}
		p.end, p.skip = fixed+addresses, length-addresses
	}
	if len(b) == p.end {
		p.parseAddresses(b[fixed:])
		p.done = p.skip == 0
	}
	return nil
}

// addresses returns how many bytes the addresses of version 2 take: none if they do not
// matter, or are those of datagrams, which do not belong to a connection.
func (p *Parser) addresses() int {
	command, kind := p.buf[len(signature)]&15, p.buf[len(signature)+1]
	switch {
	case command != proxied || kind&15 != stream:
		return 0
	case kind>>4 == inet:
		return tcp4
	case kind>>4 == inet6:
		return tcp6
	case kind>>4 == unix:
		return 2 * unixPath
	}
	return 0
}

func (p *Parser) parseAddresses(b []byte) {
	port := binary.BigEndian.Uint16
	switch len(b) {
	case tcp4:
		p.source = tcpAddr(b[:4], port(b[8:]))
		p.destination = tcpAddr(b[4:8], port(b[10:]))
	case tcp6:
		p.source = tcpAddr(b[:16], port(b[32:]))
		p.destination = tcpAddr(b[16:32], port(b[34:]))
	case 2 * unixPath:
		p.source = unixAddr(b[:unixPath])
		p.destination = unixAddr(b[unixPath:])
	}
}

func tcpAddr(ip []byte, port uint16) net.Addr {
	addr, _ := netip.AddrFromSlice(ip)
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, port))
}

// unixAddr returns the address with a path that ends at the first NUL, unless it begins
// with that: then it is an abstract one, which package net writes with an @.
func unixAddr(path []byte) net.Addr {
	name := strings.TrimRight(string(path), "\x00")
	if abstract, ok := strings.CutPrefix(name, "\x00"); ok {
		name = "@" + abstract
	} else {
		name, _, _ = strings.Cut(name, "\x00")
	}
	return &net.UnixAddr{Name: name, Net: "unix"}
}
