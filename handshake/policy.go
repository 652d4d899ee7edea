package handshake

// FlashPolicyRequest is the request with which a Flash client asks whether it may
// open sockets to this host. The client sends it as the first bytes of a connection
// to port 843 or, if there is no response, to the port of the WebSocket itself.
const FlashPolicyRequest = "<policy-file-request/>\x00"

// A FlashPolicy is the response to a [FlashPolicyRequest]. It lists which pages may
// open sockets to which ports of this host. Everything else is forbidden.
type FlashPolicy struct {
	Domains []string // domains of pages: "example.com", "*.example.com", or "*" for all
	Ports   []string // ports of this host: "443", "1024-2048", or "*" for all
}

// AppendTo appends the policy to dst as it is sent, including the NUL at the end.
func (p FlashPolicy) AppendTo(dst []byte) []byte {
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

// String returns the policy as it is sent, but without the NUL.
func (p FlashPolicy) String() string {
	b := p.AppendTo(nil)
	return string(b[:len(b)-1])
}

// appendAttribute appends s, escaped so that it cannot end the attribute. It omits
// NULs, which would end the policy.
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
