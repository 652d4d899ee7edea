package handshake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/airsocket/airsocket/extensions"
	"github.com/gobwas/httphead"
)

// The limits of lists, so that a field full of short elements costs no more than others.
const (
	maxOffers    = 64 // elements of all Sec-WebSocket-Extensions fields
	maxParams    = 16 // parameters of one of them
	maxProtocols = 64 // elements of all Sec-WebSocket-Protocol fields
)

// ParseExtensions parses the values of all Sec-WebSocket-Extensions fields of a
// message (RFC 6455, section 9.1). A quoted value is returned without its quotes,
// and must be a token. Repeated parameters are kept, so that the extension can
// decline them. Empty elements are skipped as in every list (RFC 9110, section
// 5.6.1), and so are empty fields, which libwebsockets sent in 2011 if it had
// nothing to offer. The error wraps ErrBadExtension. The result shares memory with
// values.
//
// Elements with more than 16 parameters are left out. What follows the first 64 elements
// is ignored: a server may decline any offer. A [Client] refuses an answer that has more
// of either.
func ParseExtensions(values []string) ([]extensions.Offer, error) {
	offers, _, err := parseExtensions(values)
	return offers, err
}

// parseExtensions is ParseExtensions. all is false if something was left out or ignored.
func parseExtensions(values []string) (offers []extensions.Offer, all bool, err error) {
	p := offerParser{all: true}
	for _, value := range values {
		if !p.parse(value) {
			return nil, false, fmt.Errorf("%w: %.100q", ErrBadExtension, value)
		}
	}
	return p.offers, p.all, nil
}

// parseAnswer is ParseExtensions for a client.
func parseAnswer(values []string) ([]extensions.Offer, error) {
	offers, all, err := parseExtensions(values)
	if err == nil && !all {
		return nil, fmt.Errorf("%w: more than %d extensions, or one with more than %d parameters", ErrBadExtension, maxOffers, maxParams)
	}
	return offers, err
}

// An offerParser parses values of Sec-WebSocket-Extensions fields.
type offerParser struct {
	offers []extensions.Offer
	seen   int  // elements so far, with those that were left out
	all    bool // none was left out or ignored
}

func (p *offerParser) parse(s string) (ok bool) {
	for {
		s = skipSpace(s)
		if s == "" {
			return true
		}
		if s[0] == ',' {
			s = s[1:]
			continue
		}
		if p.seen == maxOffers {
			p.all = false
			return true
		}
		p.seen++
		if s, ok = p.parseOffer(s); !ok || s != "" && s[0] != ',' {
			return false
		}
	}
}

// parseOffer parses one element, up to the next comma or the end.
func (p *offerParser) parseOffer(s string) (rest string, ok bool) {
	var offer extensions.Offer
	offer.Name, s = nextToken(s)
	params := 0
	for ok = offer.Name != ""; ok; params++ {
		s = skipSpace(s)
		if s == "" || s[0] != ';' {
			break
		}
		var param extensions.Param
		param.Name, s = nextToken(skipSpace(s[1:]))
		ok = param.Name != ""
		s = skipSpace(s)
		if ok && s != "" && s[0] == '=' {
			param.Value, s, ok = nextValue(skipSpace(s[1:]))
		}
		if params < maxParams {
			offer.Params = append(offer.Params, param)
		}
	}
	if params > maxParams {
		p.all = false
	} else {
		p.offers = append(p.offers, offer)
	}
	return s, ok
}

// nextValue parses a token, or a quoted string that contains one.
func nextValue(s string) (value, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		value, rest = nextToken(s)
		return value, rest, value != ""
	}
	escaped := false
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i < len(s) && s[i] == '\\' {
				return "", s, false // a token contains no backslash, so ReplaceAll may remove them all
			}
			escaped = true
		case '"':
			value = s[1:i]
			if escaped {
				value = strings.ReplaceAll(value, `\`, "")
			}
			return value, s[i+1:], isToken(value)
		}
	}
	return "", s, false
}

func nextToken(s string) (token, rest string) {
	i := 0
	for i < len(s) && httphead.OctetTypes[s[i]].IsToken() {
		i++
	}
	return s[:i], s[i:]
}

// skipSpace is strings.TrimLeft, which takes longer to begin.
func skipSpace(s string) string {
	i := 0
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return s[i:]
}

// AppendExtensions appends the value of a Sec-WebSocket-Extensions field with the
// offers to dst. [ParseExtensions] is the inverse.
func AppendExtensions(dst []byte, offers []extensions.Offer) []byte {
	for i, o := range offers {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, o.Name...)
		for _, p := range o.Params {
			dst = append(append(dst, "; "...), p.Name...)
			if p.Value != "" {
				dst = append(append(dst, '='), p.Value...)
			}
		}
	}
	return dst
}

// checkOffers returns an error for offers that ParseExtensions could not parse.
func checkOffers(offers []extensions.Offer) error {
	for _, o := range offers {
		ok := isToken(o.Name)
		for _, p := range o.Params {
			ok = ok && isToken(p.Name) && (p.Value == "" || isToken(p.Value))
		}
		if !ok {
			return fmt.Errorf("%w: %.100q", ErrBadExtension, o.Name)
		}
	}
	return nil
}

// checkOffered returns an error for extensions that were not offered (RFC 6455,
// section 4.1). The extensions themselves check the parameters.
func checkOffered(answer, offers []extensions.Offer) error {
	for _, a := range answer {
		if !slices.ContainsFunc(offers, func(o extensions.Offer) bool { return o.Name == a.Name }) {
			return fmt.Errorf("%w: %.100q", ErrExtensionNotOffered, a.Name)
		}
	}
	return nil
}

// parseProtocols parses the Sec-WebSocket-Protocol fields of a request, which may name 64
// subprotocols.
func parseProtocols(h Header, name string) ([]string, error) {
	var list []string
	for i := range h {
		if !named(h[i].Name, name) {
			continue
		}
		for item := range strings.SplitSeq(h[i].Value, ",") {
			if item = trim(item); item == "" {
				continue
			}
			if len(list) == maxProtocols {
				return nil, fmt.Errorf("%w: a client may name no more than %d", ErrBadProtocol, maxProtocols)
			}
			list = append(list, item)
		}
	}
	return list, checkProtocols(list)
}

// checkProtocols returns an error unless all elements are distinct tokens (RFC 6455,
// section 4.1).
func checkProtocols(list []string) error {
	for _, p := range list {
		if !isToken(p) {
			return fmt.Errorf("%w: %.100q", ErrBadProtocol, p)
		}
	}
	if len(list) < 2 {
		return nil
	}
	// Comparing all pairs would make a long list expensive.
	sorted := slices.Sorted(slices.Values(list))
	for i, p := range sorted[1:] {
		if p == sorted[i] {
			return fmt.Errorf("%w: %.100q is repeated", ErrBadProtocol, p)
		}
	}
	return nil
}

// onlyProtocol parses the field of the versions in which a client can ask for only
// one subprotocol: any text without spaces, in which commas have no special meaning.
func onlyProtocol(value string) ([]string, error) {
	if value == "" {
		return nil, nil
	}
	for i := 0; i < len(value); i++ {
		if c := value[i]; c <= ' ' || c > '~' {
			return nil, fmt.Errorf("%w: %.100q", ErrBadProtocol, value)
		}
	}
	return []string{value}, nil
}
