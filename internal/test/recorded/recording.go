// Package recorded contains recorded conversations of real implementations, among
// them those from the time of the drafts, and the examples of the specifications.
// Its tests repeat each conversation with a Socket in place of one of the peers.
package recorded

import (
	"bytes"
	"compress/flate"
	"crypto/sha1"
	"embed"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/wire"
)

// A Recording is a conversation of real peers, as testdata/vectors/README.md
// describes it.
type Recording struct {
	Name    string // draft/name
	Version wire.Version

	Source  string   `json:"role_of_source"`
	Peer    string   `json:"peer"`
	C2S     []string `json:"c2s_hex"`
	S2C     []string `json:"s2c_hex"`
	Order   []string `json:"order"`
	Meaning []string `json:"meaning"`

	Sides map[string]*Side // c2s and s2c
}

// A Side is one direction of a Recording.
type Side struct {
	Wire   [][]byte  // the chunks as they were on the wire; the first is the handshake
	inner  [][]byte  // the same without deflate-stream; nil if the stream breaks the draft
	frames [][]frame // the frames that each chunk completes
}

// A frame is a frame as the harness decoded it.
type frame struct {
	kind      wire.Kind // for a continuation, the kind of the message
	first     bool
	final     bool
	discarded bool   // a length-prefixed frame of the hixie drafts
	data      []byte // the payload, or nil if the recording has only its size and sum
	size      int
	sum       string
	code      int // of a close
	key       [4]byte
}

var versions = map[string]wire.Version{"hixie-75": wire.Hixie75, "hixie-76": wire.Hixie76, "hybi-06": wire.Hybi06,
	"hybi-07": wire.Hybi07, "hybi-08": wire.Hybi08, "rfc6455": wire.Hybi13}

//go:embed testdata/vectors/*/*.json
var vectors embed.FS

// Read returns the recordings whose names match a pattern of path.Match. There
// must be at least one.
func Read(t testing.TB, pattern string) []*Recording {
	t.Helper()
	files, err := fs.Glob(vectors, "testdata/vectors/"+pattern+".json")
	if err != nil || len(files) == 0 {
		t.Fatal(pattern, err)
	}
	var all []*Recording
	for _, file := range files {
		text, err := vectors.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		draft := path.Base(path.Dir(file))
		r := &Recording{Name: draft + "/" + strings.TrimSuffix(path.Base(file), ".json"), Version: versions[draft]}
		if err := json.Unmarshal(text, r); err != nil {
			t.Fatal(file, err)
		}
		r.Sides = map[string]*Side{"c2s": r.side(t, "c2s", r.C2S), "s2c": r.side(t, "s2c", r.S2C)}
		all = append(all, r)
	}
	return all
}

// zlibStreams is the version of libwebsockets whose deflate-stream begins with
// a zlib header, which no other peer can read.
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

func (r *Recording) side(t testing.TB, name string, chunks []string) *Side {
	t.Helper()
	side := &Side{frames: make([][]frame, len(chunks))}
	var sizes []int // inflated
	for _, chunk := range chunks {
		side.Wire = append(side.Wire, unhex(t, chunk))
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
		for piece := range strings.SplitSeq(said, "; ") { // no payload contains this separator
			match := frameMeaning.FindStringSubmatch(piece)
			if match == nil {
				continue // only a part of a frame
			}
			f := readFrameMeaning(t, match)
			if f.kind == wire.Close && wildIsNone(r.Version, f.code) {
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
		side.inner = side.Wire
	case !strings.Contains(r.Name, zlibStreams):
		side.inner = inflated(t, side.Wire, sizes)
	}
	return side
}

// wildIsNone reports whether version v treats a close frame with this code as
// one without a code.
func wildIsNone(v wire.Version, code int) bool {
	return (v == wire.Hybi07 || v == wire.Hybi08) && code != int(wire.StatusFrameTooLarge) && !wire.StatusCode(code).Sendable()
}

func readFrameMeaning(t testing.TB, match []string) (f frame) {
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

// payloadWithSum returns a long payload that the harness made. It returns nil
// for payloads that the peers made, of which only the sum is known.
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

// inflated returns the chunks with deflate-stream undone after the handshake.
// sizes are their sizes, from the recording.
func inflated(t testing.TB, chunks [][]byte, sizes []int) [][]byte {
	t.Helper()
	all, err := io.ReadAll(flate.NewReader(bytes.NewReader(bytes.Join(chunks[1:], nil))))
	if err != io.ErrUnexpectedEOF { // no stream in the recordings has an end
		t.Fatal(err)
	}
	inner := [][]byte{chunks[0]}
	for _, n := range sizes {
		inner, all = append(inner, all[:n]), all[n:]
	}
	if len(all) != 0 {
		t.Fatalf("the stream has %d bytes more than the recording says", len(all))
	}
	return inner
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
