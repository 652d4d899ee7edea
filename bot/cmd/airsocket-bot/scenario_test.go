package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// scenarioOf runs the command scenario with a script in a folder of its own.
func scenarioOf(t *testing.T, script string, flags ...string) (code int, stdout, stderr, folder string) {
	t.Helper()
	folder = t.TempDir()
	path := filepath.Join(folder, "script.js")
	if err := os.WriteFile(path, []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	for i, f := range flags {
		flags[i] = strings.ReplaceAll(f, "FOLDER", folder)
	}
	code = Main(t.Context(), append(append([]string{"scenario"}, flags...), path), &out, &errs)
	return code, out.String(), errs.String(), folder
}

const talk = `
	import { WebSocket } from "k6/websockets";
	import { check } from "k6";
	export const options = { iterations: 2, thresholds: { checks: ["rate==1"] } };
	export default function () {
		const ws = new WebSocket(__ENV.URL);
		ws.onopen = () => ws.send("a");
		ws.onmessage = (m) => {
			check(m, { echo: (m) => m.data === __ENV.WANT });
			console.log("received " + m.data);
			ws.close();
		};
	}`

func TestScenario(t *testing.T) {
	url := wstest.ServeEcho(t, nil)
	code, stdout, stderr, folder := scenarioOf(t, talk, "-e", "URL="+url, "-e", "WANT=a", "-json", "FOLDER/report.json", "-html", "FOLDER/report.html")
	if code != 0 || !strings.Contains(stdout, "echo (2 of 2)") || !strings.Contains(stdout, "ok      checks: rate==1 (100%)") {
		t.Errorf("the exit code is %d, the report\n%s", code, stdout)
	}
	if strings.Count(stderr, "received a\n") != 2 || !strings.Contains(stderr, "0s 0 VUs") && !strings.Contains(stderr, "0s 1 VUs") {
		t.Errorf("stderr has %q", stderr)
	}
	data, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Title    string
		Counters map[string]float64
		Checks   []struct {
			Check string
			OK    bool
		}
	}
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	if report.Title != "airsocket-bot scenario script.js" || report.Counters["ws_msgs_received"] != 2 || len(report.Checks) != 1 || !report.Checks[0].OK {
		t.Errorf("the report has %+v", report)
	}
	page, err := os.ReadFile(filepath.Join(folder, "report.html"))
	if err != nil || !strings.Contains(string(page), "Thresholds") || !strings.Contains(string(page), "<svg") {
		t.Errorf("the page has %d bytes, %v", len(page), err)
	}
}

func TestScenarioFails(t *testing.T) {
	url := wstest.ServeEcho(t, nil)
	code, stdout, stderr, _ := scenarioOf(t, talk, "-quiet", "-e", "URL="+url, "-e", "WANT=b", "-vus", "3", "-iterations", "6")
	if code != 99 || !strings.Contains(stdout, "echo (0 of 6)") || !strings.Contains(stdout, "6 iterations shared by 3 VUs") || !strings.Contains(stderr, "thresholds") || strings.Contains(stderr, "0s ") {
		t.Errorf("the exit code is %d\n%s\n%s", code, stdout, stderr)
	}
}

// The flags replace what the script says, and JSON can take the place of the text.
func TestScenarioFlags(t *testing.T) {
	code, stdout, _, _ := scenarioOf(t, `export default function () {}`, "-duration", "1ms", "-json", "-")
	var report struct{ Notes []string }
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != 0 || strings.Join(report.Notes, "") != "default: constant-vus, 1 VUs over 1ms" {
		t.Errorf("the exit code is %d, stdout has %s", code, stdout)
	}
	code, stdout, _, _ = scenarioOf(t, `export default function () {}`, "-html", "-")
	if code != 0 || !strings.HasPrefix(stdout, "<!DOCTYPE html>") {
		t.Errorf("the exit code is %d, stdout has %s", code, stdout)
	}
}

func TestScenarioCompression(t *testing.T) {
	url := wstest.ServeEcho(t, &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Compression: airsocket.CompressionTakeover})
	for want, flags := range map[string][]string{"": nil, "permessage-deflate": {"-compress"}} {
		_, _, stderr, _ := scenarioOf(t, `
			import { WebSocket } from "k6/websockets";
			export default function () {
				const ws = new WebSocket(__ENV.URL);
				ws.onopen = () => { console.log("extensions: " + ws.extensions); ws.close(); };
			}`, append(flags, "-e", "URL="+url)...)
		if !strings.Contains(stderr, "extensions: "+want) || want == "" && strings.Contains(stderr, "deflate") {
			t.Errorf("with %q stderr has %q", flags, stderr)
		}
	}
}

func TestScenarioSummary(t *testing.T) {
	code, stdout, stderr, folder := scenarioOf(t, `
		export default function () {}
		export function handleSummary() { return { stdout: "a", stderr: "b", [__ENV.DIR + "/file"]: "c" } }`, "-quiet", "-e", "DIR=FOLDER")
	content, err := os.ReadFile(filepath.Join(folder, "file"))
	if code != 0 || stdout != "a" || stderr != "b" || err != nil || string(content) != "c" {
		t.Errorf("the exit code is %d, stdout has %q, stderr %q, the file %q, %v", code, stdout, stderr, content, err)
	}
}

// A summary that fails is an error, but the report and the exit code are there.
func TestScenarioSummaryFails(t *testing.T) {
	for _, c := range []struct{ body, err, out string }{
		{`throw new Error("oops")`, "handleSummary: Error: oops", "iterations"},
		{`return 5`, "must return an object", "iterations"},
		{`return { [__ENV.DIR + "/none/file"]: "a", stdout: "b" }`, "none", "b"},
		{`return null`, "", "iterations"},
	} {
		for threshold, code := range map[string]int{"count==1": 0, "count==2": 99} {
			got, stdout, stderr, _ := scenarioOf(t, `
				export const options = { thresholds: { iterations: ["`+threshold+`"] } };
				export default function () {}
				export function handleSummary() { `+c.body+` }`, "-quiet", "-e", "DIR=FOLDER")
			if got != code || !strings.Contains(stderr, c.err) || !strings.Contains(stdout, c.out) || c.out == "b" && stdout != "b" {
				t.Errorf("%s: the exit code is %d, stdout has %q, stderr %q", c.body, got, stdout, stderr)
			}
		}
	}
}

// A child is the program itself in a process of its own.
const child = "AIRSOCKET_BOT_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		main()
	}
	os.Exit(m.Run())
}

// Ctrl-C ends the iterations, and the second one also teardown.
func TestScenarioInterrupts(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted there")
	}
	for signals, script := range map[int]string{
		1: `export function teardown() { console.log("teardown"); }`,
		2: `import { sleep } from "k6"; export function teardown() { console.log("teardown"); sleep(50); console.log("too late"); }`,
	} {
		path := filepath.Join(t.TempDir(), "script.js")
		script += `export const options = { duration: "1h" }; export default function () { console.log("running"); setTimeout(() => {}, 1e6); }`
		if err := os.WriteFile(path, []byte(script), 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0], "scenario", "-quiet", path)
		cmd.Env = append(os.Environ(), child+"=1")
		var stdout strings.Builder
		cmd.Stdout = &stdout
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		sent := 0
		var all []string
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if all = append(all, lines.Text()); sent < signals {
				sent++
				cmd.Process.Signal(os.Interrupt)
			}
		}
		cmd.Wait()
		report := strings.Contains(stdout.String(), "1 iterations were stopped")
		code := cmd.ProcessState.ExitCode()
		if !slices.Contains(all, "teardown") || slices.Contains(all, "too late") || report != (signals == 1) || code != map[int]int{1: 105, 2: 130}[signals] {
			t.Errorf("after %d signals the exit code is %d, stderr has %q, stdout %s", signals, code, all, stdout.String())
		}
	}
}

func TestScenarioUsage(t *testing.T) {
	for _, c := range []struct {
		flags []string
		code  int
		text  string
	}{
		{[]string{"-help"}, 0, "Exit codes"},
		{[]string{"-nonsense"}, 104, "-nonsense"},
		{[]string{"-e", "x"}, 104, "NAME=VALUE"},
		{[]string{"-vus", "-1"}, 104, "-vus"},
		{[]string{"-vus", "100001"}, 104, "-vus"},
		{[]string{"-duration", "-1s"}, 104, "-duration"},
		{[]string{"-json", "-", "-html", "-"}, 104, "-html -"},
		{[]string{"other.js"}, 104, "one script"},
		{[]string{"-json", "FOLDER/none/report"}, 1, "none"},
	} {
		code, _, stderr, _ := scenarioOf(t, `export default function () {}`, c.flags...)
		if code != c.code || !strings.Contains(stderr, c.text) {
			t.Errorf("%q: the exit code is %d, stderr has %q", c.flags, code, stderr)
		}
	}
	for script, code := range map[string]int{"import (": 107, `import "https://example.com/a.js"; export default function () {}`: 107, "export default 1": 104} {
		if got, _, stderr, _ := scenarioOf(t, script); got != code || stderr == "" {
			t.Errorf("%s: the exit code is %d, stderr has %q", script, got, stderr)
		}
	}
}
