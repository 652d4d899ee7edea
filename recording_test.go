package airsocket_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/internal/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A recording is a conversation of real peers, as testdata/vectors/README.md
// describes it.
type recording struct {
	name    string // draft/name
	version wire.Version

	Source  string   `json:"role_of_source"`
	Peer    string   `json:"peer"`
	C2S     []string `json:"c2s_hex"`
	S2C     []string `json:"s2c_hex"`
	Order   []string `json:"order"`
	Meaning []string `json:"meaning"`

	sides map[string]*recordedSide // c2s and s2c
}

// recordedSide is one direction of a recording.
type recordedSide struct {
	wire   [][]byte          // the chunks as they were on the wire
	inner  [][]byte          // the same without deflate-stream; nil if it is none of the draft's
	frames [][]recordedFrame // what each chunk completes
}

// A recordedFrame is a frame as the harness that recorded it understood it.
type recordedFrame struct {
	kind      wire.Kind // of a continuation, that of the message
	first     bool
	final     bool
	discarded bool   // a length-prefixed frame of the hixie drafts
	data      []byte // the payload, or nil where the recording has only size and sum
	size      int
	sum       string
	code      int // of a close
	key       [4]byte
}

var recordedVersions = map[string]wire.Version{"hixie-75": wire.Hixie75, "hixie-76": wire.Hixie76, "hybi-06": wire.Hybi06,
	"hybi-07": wire.Hybi07, "hybi-08": wire.Hybi08, "rfc6455": wire.Hybi13}

// readRecordings reads those of the drafts that match a pattern.
func readRecordings(t testing.TB, pattern string) []*recording {
	t.Helper()
	files, err := filepath.Glob("testdata/vectors/" + pattern + ".json")
	if err != nil || len(files) == 0 {
		t.Fatal(pattern, err)
	}
	var all []*recording
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		draft := filepath.Base(filepath.Dir(file))
		r := &recording{name: draft + "/" + strings.TrimSuffix(filepath.Base(file), ".json"), version: recordedVersions[draft]}
		if err := json.Unmarshal(text, r); err != nil {
			t.Fatal(file, err)
		}
		r.sides = map[string]*recordedSide{"c2s": r.side(t, "c2s", r.C2S), "s2c": r.side(t, "s2c", r.S2C)}
		all = append(all, r)
	}
	return all
}

// zlibStreams is the libwebsockets of which deflate-stream has the header of
// zlib, which no other peer can read.
const zlibStreams = "libwebsockets-tag-deflate-stream-support"

var (
	chunkMeaning = regexp.MustCompile(`^([cs]2[cs])\[(\d+)\]: `)
	inflates     = regexp.MustCompile(`\(deflate-stream: \d+ wire bytes inflate to (\d+):`)
	frameMeaning = regexp.MustCompile(`(text|binary|continuation|ping|pong|close)( FIN=0)?( frame \(type 0x00 \.\.\. FF\))?` +
		` (payload (?P<quoted>"(?:[^"\\]|\\.)*")|payload hex (?P<hex>[0-9a-f]+)|payload (?P<size>\d+) bytes, sha1 (?P<sum>[0-9a-f]{40})` +
		`|\(empty\)|code (?P<code>\d+) reason (?P<reason>"(?:[^"\\]|\\.)*"))( \[mask key (?P<key>[0-9a-f]{8}))?` +
		`|(?P<hixie>closing handshake FF 00)|(?P<counted>length-prefixed frame)`)
	kindNames = map[string]wire.Kind{"text": wire.Text, "binary": wire.Binary, "ping": wire.Ping, "pong": wire.Pong, "close": wire.Close}
)

func (r *recording) side(t testing.TB, name string, chunks []string) *recordedSide {
	t.Helper()
	side := &recordedSide{frames: make([][]recordedFrame, len(chunks))}
	var sizes []int // inflated
	for _, chunk := range chunks {
		side.wire = append(side.wire, unhex(t, chunk))
	}
	var message wire.Kind
	for _, line := range r.Meaning {
		m := chunkMeaning.FindStringSubmatch(line)
		if m == nil || m[1] != name {
			continue
		}
		said := line[len(m[0]):]
		if size := inflates.FindStringSubmatch(said[:min(len(said), 200)]); size != nil {
			sizes = append(sizes, atoi(t, size[1]))
		}
		i := atoi(t, m[2])
		for piece := range strings.SplitSeq(said, "; ") { // which no payload has in it
			match := frameMeaning.FindStringSubmatch(piece)
			if match == nil {
				continue // a part of a frame
			}
			f := readFrameMeaning(t, match)
			if f.kind == wire.Close && wildIsNone(r.version, f.code) {
				f.code, f.data = int(wire.StatusNoStatusReceived), nil
			}
			if f.kind == wire.None && !f.discarded {
				f.kind = message // a continuation
			} else if f.kind == wire.Text || f.kind == wire.Binary {
				f.first, message = true, f.kind
			}
			side.frames[i] = append(side.frames[i], f)
		}
	}
	switch {
	case len(sizes) == 0:
		side.inner = side.wire
	case !strings.Contains(r.name, zlibStreams):
		side.inner = inflated(t, side.wire, sizes)
	}
	return side
}

// wildIsNone reports whether version v takes the code of a close frame for none.
func wildIsNone(v wire.Version, code int) bool {
	return (v == wire.Hybi07 || v == wire.Hybi08) && code != int(wire.StatusFrameTooLarge) && !wire.StatusCode(code).Sendable()
}

func readFrameMeaning(t testing.TB, match []string) (f recordedFrame) {
	t.Helper()
	get := func(name string) string { return match[frameMeaning.SubexpIndex(name)] }
	f.kind, f.final = kindNames[match[1]], match[2] == ""
	copy(f.key[:], unhex(t, get("key")))
	switch {
	case get("hixie") != "":
		f.kind, f.code = wire.Close, int(wire.StatusNoStatusReceived)
	case get("counted") != "":
		f.discarded = true
	case get("code") != "":
		f.code, f.data = atoi(t, get("code")), []byte(unquote(t, get("reason")))
	case get("quoted") != "":
		f.data = []byte(unquote(t, get("quoted")))
	case get("hex") != "":
		f.data = unhex(t, get("hex"))
	case get("sum") != "":
		f.size, f.sum = atoi(t, get("size")), get("sum")
		f.data = payloadWithSum(f.size, f.sum)
		return f
	default:
		f.data = []byte{}
	}
	f.size, f.sum = len(f.data), sumOf(f.data)
	return f
}

// payloadWithSum finds the long payloads that the harness made; others, which
// the peers have made up, are only known by their sums.
func payloadWithSum(size int, sum string) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(7 * i)
	}
	if sumOf(p) == sum {
		return p
	}
	for _, c := range "xyz" {
		if p = bytes.Repeat([]byte{byte(c)}, size); sumOf(p) == sum {
			return p
		}
	}
	return nil
}

// inflated are the chunks behind the handshake without deflate-stream, whose
// sizes the recording has.
func inflated(t testing.TB, chunks [][]byte, sizes []int) [][]byte {
	t.Helper()
	all, err := io.ReadAll(flate.NewReader(bytes.NewReader(bytes.Join(chunks[1:], nil))))
	if err != io.ErrUnexpectedEOF { // no stream of the recordings has an end
		t.Fatal(err)
	}
	inner := [][]byte{chunks[0]}
	for _, n := range sizes {
		inner, all = append(inner, all[:n]), all[n:]
	}
	if len(all) != 0 {
		t.Fatalf("%d bytes more than the recording says", len(all))
	}
	return inner
}

// messages puts the fragments of messages together, with the key of the first
// one. whole says that there were none and that a Socket sends all of it.
func messages(frames []recordedFrame) (all []recordedFrame, whole bool) {
	whole = true
	var open recordedFrame
	for _, f := range frames {
		switch {
		case f.discarded:
			whole = false
		case f.kind != wire.Text && f.kind != wire.Binary || f.first && f.final:
			all = append(all, f)
		default:
			whole = false
			if f.first {
				open = f
			} else {
				open.data = append(bytes.Clone(open.data), f.data...)
			}
			if open.final = f.final; f.final {
				open.size, open.sum = len(open.data), sumOf(open.data)
				all = append(all, open)
			}
		}
	}
	return all, whole
}

// payload is what f has behind its header, which for a close is more than its
// reason.
func (f recordedFrame) payload() []byte {
	if f.kind == wire.Close && f.code != int(wire.StatusNoStatusReceived) {
		return []byte(wstest.ClosePayload(f.code, string(f.data)))
	}
	return f.data
}

// appendFrame appends f as an endpoint of version v sends it.
func (f recordedFrame) appendFrame(dst []byte, v wire.Version, client bool) []byte {
	payload := f.payload()
	switch {
	case f.kind == wire.Close && v == wire.Hixie75:
		return dst // it has none
	case f.kind == wire.Close && v == wire.Hixie76:
		return append(dst, 0xFF, 0)
	case v <= wire.Hixie76:
		return append(append(append(dst, 0), payload...), 0xFF)
	}
	if v > wire.Hybi06 {
		b := wstest.Frame(false, 0x80|byte(f.kind), string(payload))
		if client {
			head := len(b) - len(payload)
			b[1] |= 0x80
			b = append(append(b[:head:head], f.key[:]...), masked(payload, f.key)...)
		}
		return append(dst, b...)
	}
	first := map[wire.Kind]byte{wire.Close: 0x81, wire.Ping: 0x82, wire.Pong: 0x83, wire.Text: 0x84, wire.Binary: 0x85}[f.kind]
	b := wstest.Frame(false, first, string(payload))
	if !client {
		return append(dst, b...)
	}
	return append(append(dst, f.key[:]...), masked(b, f.key)...)
}

// keyIn is the masking key in b, which is as long as f is when a client sends it in
// version v.
func (f recordedFrame) keyIn(b []byte, v wire.Version) (key [4]byte) {
	switch {
	case v > wire.Hybi06:
		b = b[len(b)-len(f.payload())-len(key):]
	case v < wire.Hybi06:
		return key // it has none
	}
	copy(key[:], b)
	return key
}

func masked(p []byte, key [4]byte) []byte {
	p = bytes.Clone(p)
	for i := range p {
		p[i] ^= key[i%4]
	}
	return p
}

// keyOf is the key in the head of a request, which stands for 16 bytes (RFC 6455,
// section 4.1).
func keyOf(t testing.TB, head string) string {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		t.Fatal(err)
	}
	key := req.Header.Get("Sec-WebSocket-Key")
	if b, err := base64.StdEncoding.DecodeString(key); err != nil || len(b) != 16 {
		t.Fatalf("key %q: %v", key, err)
	}
	return key
}

// keyNumber is what draft 76, section 5.2, makes of a key.
func keyNumber(t testing.TB, key string) []byte {
	t.Helper()
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, key)
	product, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || !strings.Contains(key, " ") {
		t.Fatalf("key %q", key)
	}
	return binary.BigEndian.AppendUint32(nil, uint32(product/uint64(strings.Count(key, " "))))
}

func sumOf(p []byte) string {
	sum := sha1.Sum(p)
	return hex.EncodeToString(sum[:])
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func atoi(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func unquote(t testing.TB, s string) (u string) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &u); err != nil {
		t.Fatal(s, err)
	}
	return u
}
