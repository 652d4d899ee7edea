package k6_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/bot/internal/k6"
)

// Timers that have fired do not count.
func TestTimersThatHaveFired(t *testing.T) {
	wantLines(t, `
		import ws from "k6/ws";
		export default function () {
			let fired = 0;
			ws.connect(__ENV.URL, (socket) => {
				const begin = () => { for (let i = 0; i < 6000; i++) socket.setTimeout(() => { if (++fired === 6000) begin(); if (fired === 12000) socket.close(); }, 1); };
				begin();
			});
			console.log(fired);
		}`, map[string]string{"URL": chat(t)}, "12000")
}

func TestLongFile(t *testing.T) {
	folder := t.TempDir()
	for name, size := range map[string]int64{"full": 64 << 20, "long": 64<<20 + 1} {
		name := filepath.Join(folder, name)
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(name, size); err != nil {
			t.Fatal(err)
		}
	}
	lines, _ := run(t, folder, `
		export default function () {}
		if (__VU) {
			console.log(open("full", "b").byteLength);
			try { open("long", "b"); } catch (err) { console.log(err.message); }
		}`, nil)
	if len(lines) != 2 || lines[0] != "67108864" || !strings.HasSuffix(lines[1], "a script opens files of at most 64 MiB") {
		t.Errorf("the script has printed %q", lines)
	}
}

func TestLongSharedArray(t *testing.T) {
	wantLines(t, `
		import { SharedArray } from "k6/data";
		export default function () {}
		if (__VU) {
			try { new SharedArray("a", () => new Array(2 ** 20 + 1)); } catch (err) { console.log(err.message); }
			try { new SharedArray("b", () => 1); } catch (err) { console.log(err.message); }
		}`, nil, "a SharedArray has at most 1048576 items", "the function of new SharedArray() must return an array")
}

// Of a long body only the beginning is read.
func TestLongBody(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part := []byte(strings.Repeat("a", 1<<20))
		for range 17 {
			w.Write(part)
		}
	}))
	t.Cleanup(web.Close)
	wantLines(t, `
		import http from "k6/http";
		export default function () { console.log(http.get(__ENV.URL).body.length); }`, map[string]string{"URL": web.URL}, "16777216")
}

func TestLargeSharedArrays(t *testing.T) {
	k6.SetMaxShared(t, 1<<20)
	wantLines(t, `
		import { SharedArray } from "k6/data";
		export default function () {}
		if (__VU) {
			const text = "x".repeat(2 ** 16);
			const limit = (name, n) => { try { console.log(new SharedArray(name, () => new Array(n).fill(text)).length); } catch (err) { console.log(err.message); } };
			limit("a", 8);
			limit("b", 8);
			limit("c", 7);
			limit("e", 20);
			limit("d".repeat(1001), 0);
		}`, nil, "8",
		"new SharedArray(): all SharedArrays have at most 1 MiB as JSON, and a name has at most 1000 bytes", "7",
		"new SharedArray(): all SharedArrays have at most 1 MiB as JSON, and a name has at most 1000 bytes",
		"new SharedArray(): all SharedArrays have at most 1 MiB as JSON, and a name has at most 1000 bytes")
}
