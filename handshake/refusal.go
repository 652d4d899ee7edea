package handshake

import (
	"bytes"
	"strconv"
	"strings"
)

// MaxErrorBody is the maximum length in bytes of the Body of a client's [Error].
const MaxErrorBody = 1 << 10

// A refusal collects the start of the body of a response that is not an upgrade.
type refusal struct {
	status  string // status code and reason phrase
	raw     []byte // the body as it arrived, perhaps in chunks
	want    int    // maximum length of raw
	chunked bool
}

func newRefusal(status string, h Header) *refusal {
	r := &refusal{status: status, want: MaxErrorBody, chunked: h.hasToken("Transfer-Encoding", "chunked")}
	length, err := strconv.ParseUint(h.Get("Content-Length"), 10, 63)
	switch {
	case strings.HasPrefix(status, "204"), strings.HasPrefix(status, "304"):
		r.want = 0 // RFC 9112, section 6.3
	case r.chunked:
		r.want *= 2 // leaves space for the sizes of the chunks
	case err == nil && length < MaxErrorBody:
		r.want = int(length)
	}
	return r
}

// feed adds the next bytes of the body and reports whether no more are needed.
func (r *refusal) feed(p []byte) bool {
	r.raw = append(r.raw, p[:min(len(p), r.want-len(r.raw))]...)
	if len(r.raw) == r.want {
		return true
	}
	if r.chunked {
		body, last := unchunk(r.raw)
		return last || len(body) >= MaxErrorBody
	}
	return false
}

func (r *refusal) body() []byte {
	body := r.raw
	if r.chunked {
		body, _ = unchunk(r.raw)
	}
	return body[:min(len(body), MaxErrorBody)]
}

// unchunk decodes raw, the start of a chunked body (RFC 9112, section 7.1). last
// reports whether the body ends within raw or cannot be decoded further.
func unchunk(raw []byte) (body []byte, last bool) {
	for {
		line, rest, ok := bytes.Cut(raw, []byte("\r\n"))
		if !ok {
			return body, false
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseUint(string(bytes.TrimRight(digits, " \t")), 16, 63)
		if err != nil || size == 0 {
			return body, true
		}
		if size >= uint64(len(rest)) {
			return append(body, rest...), false
		}
		body = append(body, rest[:size]...)
		raw = bytes.TrimPrefix(rest[size:], []byte("\r\n"))
	}
}
