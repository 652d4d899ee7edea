package dial

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// parseStandardURL parses an absolute URL as the browser does, and returns it as the
// browser serializes it too (WHATWG URL, sections 4.4 and 4.5): scheme and host in lower
// case, no default port, a path in which dot segments are resolved, and no other characters
// than a request may have. Percent signs are taken as they are. What only browsers take is
// refused: URLs without "//", backslashes, tabs and line ends, escapes in a host, and other
// ways to write an IPv4 address than four numbers. The error wraps ErrURL.
func parseStandardURL(raw string) (to endpoint, serialized string, err error) {
	raw = strings.ToValidUTF8(strings.Trim(raw, " "), "\uFFFD")
	scheme, rest, ok := strings.Cut(raw, "://")
	if scheme = strings.ToLower(scheme); !ok || strings.HasSuffix(scheme, "+unix") {
		return endpoint{}, "", badURL(raw, errors.New("not a scheme such as ws or wss, and two slashes"))
	}
	beforeQuery, _, _ := strings.Cut(rest, "?")
	if strings.ContainsFunc(rest, func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.Contains(beforeQuery, "\\") {
		return endpoint{}, "", badURL(raw, errors.New("a control character or a backslash"))
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	user, host := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, host = standardUser(authority[:i]), authority[i+1:]
	}
	host, port := cutPort(host)
	if host, err = standardHost(host); err != nil {
		return endpoint{}, "", badURL(raw, err)
	}
	path, query, hasQuery := strings.Cut(path, "?")
	target := percentEncode(withoutDots(path), "\"#<>?^`{}")
	parsed := literalPercents(target)
	if hasQuery {
		query = "?" + percentEncode(query, "\"#<>'")
		target, parsed = target+query, parsed+query
	}
	if strings.Contains(rest, "#") {
		parsed += "#" // which parseURL refuses
	}
	if to, err = parseURL(scheme + "://" + literalPercents(user) + host + port + parsed); err != nil {
		return endpoint{}, "", err
	}
	to.target = target
	return to, to.Scheme + "://" + user + to.hostField() + target, nil
}

// standardUser returns user and password as they are serialized, with an at sign after
// them unless both are empty.
func standardUser(info string) string {
	const userinfo = "\"#<>?^`{}/:;=@[\\]|"
	user, password, _ := strings.Cut(info, ":")
	user, password = percentEncode(user, userinfo), percentEncode(password, userinfo)
	if password != "" {
		user += ":" + password
	}
	if user != "" {
		user += "@"
	}
	return user
}

// cutPort cuts a host and port before the colon. The port has no zeros at its beginning then.
func cutPort(s string) (host, port string) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.HasSuffix(s, "]") {
		return s, ""
	}
	port = strings.TrimLeft(s[i+1:], "0")
	if port == "" && s[i+1:] != "" {
		port = "0"
	}
	return s[:i], ":" + port
}

// standardHost returns host as it is serialized (WHATWG URL, sections 3.5 and 3.6).
func standardHost(host string) (string, error) {
	if strings.HasPrefix(host, "[") {
		ip, err := netip.ParseAddr(strings.TrimSuffix(host[1:], "]"))
		if err != nil || !ip.Is6() || ip.Zone() != "" || !strings.HasSuffix(host, "]") {
			return "", errors.New("no IPv6 address, without a zone, is in the brackets of the host")
		}
		if b := ip.As16(); ip.Is4In6() {
			return fmt.Sprintf("[::ffff:%x:%x]", int(b[12])<<8|int(b[13]), int(b[14])<<8|int(b[15])), nil
		}
		return "[" + ip.String() + "]", nil
	}
	if !isASCII(host) {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", err
		}
		host = ascii
	}
	host = strings.ToLower(host)
	switch {
	case host == "":
		return "", errors.New("the host is missing")
	case strings.ContainsFunc(host, forbidden):
		return "", errors.New("the host has a character that no host may have")
	case endsInNumber(host):
		if ip, err := netip.ParseAddr(host); err != nil || ip.String() != host {
			return "", errors.New("the host ends in a number: write an IPv4 address as four decimal numbers")
		}
	}
	return host, nil
}

// endsInNumber reports whether a host is an IPv4 address, and not a name, for browsers (WHATWG
// URL, section 3.5, ends in a number checker).
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// withoutDots resolves the dot segments of path (WHATWG URL, section 4.4, path state). The
// result begins with a slash.
func withoutDots(path string) string {
	var kept []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		dots := strings.ReplaceAll(strings.ToLower(segment), "%2e", ".")
		if dots == ".." && len(kept) > 0 {
			kept = kept[:len(kept)-1]
		}
		switch {
		case dots != "." && dots != "..":
			kept = append(kept, segment)
		case i == len(segments)-1:
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

// percentEncode escapes spaces, what is not ASCII, and the characters in set. Escapes stay
// as they are.
func percentEncode(s, set string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(set, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// literalPercents escapes the percent signs in s that begin no escape, which package url
// does not take.
func literalPercents(s string) string {
	isHex := func(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		b.WriteByte(s[i])
		if s[i] == '%' && !(i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])) {
			b.WriteString("25")
		}
	}
	return b.String()
}
