package handshake

// PolicyRequest is what a Flash client sends as the first bytes of a connection
// to ask whether it may open sockets to this host: on port 843, and if nobody
// answers there, on the port of the WebSocket itself.
const PolicyRequest = "<policy-file-request/>\x00"

// Policy is the answer to a PolicyRequest: which pages may open sockets to which
// ports of this host. What it does not name is not allowed.
type Policy struct {
	Domains []string // of the pages: "example.com", "*.example.com", or "*" for all
	Ports   []string // of this host: "443", "1024-2048", or "*" for all
}

// AppendTo appends the policy as it is sent, with the NUL that ends it.
func (p Policy) AppendTo(dst []byte) []byte {
	dst = append(dst, `<?xml version="1.0"?><cross-domain-policy>`...)
	for _, domain := range p.Domains {
		if len(p.Ports) == 0 {
			break
		}
		dst = append(dst, `<allow-access-from domain="`...)
		dst = appendAttribute(dst, domain)
		dst = append(dst, `" to-ports="`...)
		for i, port := range p.Ports {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendAttribute(dst, port)
		}
		dst = append(dst, `"/>`...)
	}
	return append(dst, "</cross-domain-policy>\x00"...)
}

// String is the policy as it is sent, without the NUL.
func (p Policy) String() string {
	b := p.AppendTo(nil)
	return string(b[:len(b)-1])
}

// appendAttribute appends s so that it cannot end the attribute it is in, and
// without a NUL, which would end the policy.
func appendAttribute(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '"':
			dst = append(dst, "&quot;"...)
		case 0:
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
