package wire_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/wire"
)

// recording is a conversation between real peers. The README.md beside the recordings
// describes the format.
type recording struct {
	C2S     []string `json:"c2s_hex"`
	S2C     []string `json:"s2c_hex"`
	Meaning []string `json:"meaning"`
}

var recordedVersions = map[string]wire.Version{"hixie-75": wire.Hixie75, "hixie-76": wire.Hixie76, "hybi-06": wire.Hybi06,
	"hybi-07": wire.Hybi07, "hybi-08": wire.Hybi08, "rfc6455": wire.Hybi13}

// The Decoder reads the frames of historic implementations with the same meaning as
// the harness that recorded them.
func TestRecorded(t *testing.T) {
	frames := 0
	for dir, version := range recordedVersions {
		files, err := filepath.Glob("../internal/test/recorded/testdata/vectors/" + dir + "/*.json")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			name := filepath.Base(file)
			if strings.Contains(name, "deflate") && !strings.Contains(name, "refused") || strings.Contains(name, "handshake") || strings.Contains(name, "key-") {
				continue
			}
			t.Run(dir+"/"+name, func(t *testing.T) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				var r recording
				if err := json.Unmarshal(text, &r); err != nil {
					t.Fatal(err)
				}
				first := 1 // chunk 0 is the handshake
				if name == "spec-frames.json" {
					first = 0
				}
				frames += replay(t, version, wire.Server, r.C2S, first, r.meaning("c2s"))
				frames += replay(t, version, wire.Client, r.S2C, first, r.meaning("s2c"))
			})
		}
	}
	if frames < 1000 {
		t.Errorf("only %d frames were compared", frames)
	}
}

// meaning returns the meaning of the chunks of a direction, in order.
func (r *recording) meaning(direction string) string {
	var b strings.Builder
	for _, m := range r.Meaning {
		if strings.HasPrefix(m, direction+"[") && !strings.Contains(m, "opening handshake") {
			b.WriteString(m + "\n")
		}
	}
	return b.String()
}

// replay decodes the chunks as role and finds each event, in order, in their meaning.
// It returns the number of frames.
func replay(t *testing.T, v wire.Version, role wire.Role, chunks []string, first int, meaning string) (n int) {
	var d wire.Decoder
	d.Init(&wire.Config{Version: v, Role: role, Parts: true, MaxMessage: 1 << 24})
	rest := meaning
	for i := first; i < len(chunks); i++ {
		p, err := hex.DecodeString(chunks[i])
		if err != nil {
			t.Fatal(err)
		}
		d.Feed(p)
		for ev := range d.Events() {
			if ev.Kind == wire.Fail {
				if !deviation(t.Name(), role, ev.Err) {
					t.Errorf("%s, chunk %d: %v", role, i, ev.Err)
				}
				return n
			}
			found := false
			for _, s := range spellings(ev) {
				if _, after, ok := strings.Cut(rest, s); ok {
					rest, found = after, true
					break
				}
			}
			if ev.Kind == wire.Close && strings.Contains(t.Name(), "hixie-76/libwebsockets") {
				return n // it sends more after its close
			}
			if n++; !found {
				t.Fatalf("%s, chunk %d: %s is not in\n%s", role, i, describe(ev), rest)
			}
		}
	}
	all := strings.Count(meaning, " byte payload, length form ") + strings.Count(meaning, "text frame (type 0x00") +
		strings.Count(meaning, "closing handshake FF 00")
	if n != all && !strings.HasPrefix(meaning, "c2s[0]") && !strings.HasPrefix(meaning, "s2c[0]") {
		t.Errorf("%s: %d frames were read, %d are meant", role, n, all)
	}
	return n
}

// deviation reports whether the recorded peer is known to break the rule.
func deviation(name string, reader wire.Role, err error) bool {
	switch {
	case err == wire.ErrInvalidUTF8 && reader == wire.Client:
		// Their servers send binary messages back as text.
		return strings.Contains(name, "libwebsockets") || strings.Contains(name, "go-net-websocket")
	case err == wire.ErrCloseCode && reader == wire.Server:
		// This client sends a close with two uninitialized bytes, which only the
		// framings of drafts 07 and 08 forgive.
		return strings.Contains(name, "rfc6455/libwebsockets-v8tag-client-mirror")
	}
	return false
}

// spellings returns the ways in which recordings describe an event.
func spellings(ev wire.Event) []string {
	if ev.Kind == wire.Close {
		return []string{fmt.Sprintf("code %d reason %q", ev.Code, ev.Data), "closing handshake", "close"}
	}
	if len(ev.Data) == 0 {
		return []string{"(empty)", `payload ""`}
	}
	return []string{fmt.Sprintf(`payload "%s"`, ev.Data), fmt.Sprintf(`"%s"`, ev.Data), fmt.Sprintf("hex %x", ev.Data), fmt.Sprintf("sha1 %x", sha1.Sum(ev.Data)), fmt.Sprintf("%d bytes", len(ev.Data))}
}
