package interop

import (
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// deployed returns the text of a file in examples/deploy, with strings replaced, each of
// which is there once.
func deployed(t *testing.T, name string, oldnew ...string) string {
	t.Helper()
	p, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldnew); i += 2 {
		if n := strings.Count(string(p), oldnew[i]); n != 1 {
			t.Fatalf("%s has %q %d times", name, oldnew[i], n)
		}
	}
	return strings.NewReplacer(oldnew...).Replace(string(p))
}

// runNginx runs nginx with a configuration until the end of the test, and waits until it
// listens on the address. load is the directive for a module, or empty.
func runNginx(t *testing.T, nginx, address, load, config string) {
	t.Helper()
	dir := t.TempDir()
	head := load + fmt.Sprintf("daemon off;\nmaster_process off;\npid %s/pid;\nerror_log stderr;\nevents {}\n", dir)
	startListener(t, address, nginx, "-e", "stderr", "-p", dir, "-c", writeFile(t, "nginx.conf", head+config))
}

// TestInteropDeployedNginx checks that examples/deploy/nginx.conf does what its comments
// say.
func TestInteropDeployedNginx(t *testing.T) {
	nginx := wstest.Find(t, "nginx")
	upstream := wstest.HostOf(wstest.Serve(t, tellAddrs(&airsocket.Server{TrustedProxies: trusted})))
	address, _ := freeAddress(t)
	config := deployed(t, "nginx.conf", "listen 80;", "listen "+address+";", "server 127.0.0.1:8080;", "server "+upstream+";")
	dir := t.TempDir()
	paths := ""
	for _, name := range []string{"client_body", "proxy", "fastcgi", "scgi", "uwsgi"} {
		paths += fmt.Sprintf("%s_temp_path %s/%[1]s;\n", name, dir)
	}
	runNginx(t, nginx, address, "", "http {\naccess_log off;\n"+paths+config+"}\n")
	// The origin is that of a page from nginx.
	_, told := addrsThrough(t, "ws://"+address+"/", &airsocket.Options{Origin: "http://" + address})
	if ip, _, _ := strings.Cut(told, " "); ip != "127.0.0.3" {
		t.Errorf("the server sees %q", told)
	}
	if refused := wstest.Try(t, &airsocket.Options{Origin: "http://example.com"}, "ws://"+address+"/"); refused.Err == nil || refused.Err.Status != 403 {
		t.Errorf("another origin: %+v", refused)
	}
}

// TestInteropDeployedNginxStream does the same for examples/deploy/nginx-stream.conf.
func TestInteropDeployedNginxStream(t *testing.T) {
	nginx := wstest.Find(t, "nginx")
	load := "load_module " + streamModule(t, nginx) + ";\n"
	upstream := wstest.HostOf(wstest.ServeWay(t, tellAddrs(&airsocket.Server{ProxyProtocol: trusted}), wstest.ByTLS))
	address, _ := freeAddress(t)
	runNginx(t, nginx, address, load, deployed(t, "nginx-stream.conf", "listen 443;", "listen "+address+";", "127.0.0.1:8443", upstream))
	wantTold(t, "wss", address, &airsocket.Options{TLS: &tls.Config{InsecureSkipVerify: true}})
}

// TestInteropSystemd has systemd check the units in examples/deploy, also with the changes
// for examples/restart.
func TestInteropSystemd(t *testing.T) {
	analyze := wstest.Find(t, "systemd-analyze")
	checkUnits(t, analyze, deployed(t, "airsocket.service", "ExecStart=/usr/local/bin/httpmux", "ExecStart="+analyze))
	checkUnits(t, analyze, deployed(t, "airsocket.service", "ExecStart=/usr/local/bin/httpmux\n", "",
		"#Type", "Type", "#ExecStart=/usr/local/bin/restart", "ExecStart="+analyze,
		"#ExecReload", "ExecReload", "#StateDirectory", "StateDirectory",
		"TimeoutStopSec=15\n", "", "#TimeoutStopSec", "TimeoutStopSec"))
}

// TestInteropSystemdServe has systemd check the unit for the command "airsocket serve", and how
// well it is shut off.
func TestInteropSystemdServe(t *testing.T) {
	analyze := wstest.Find(t, "systemd-analyze")
	const name = "airsocket-serve.service"
	unit := deployed(t, name, "ExecStart=/usr/local/bin/airsocket serve", "ExecStart="+analyze+" serve")
	verifyUnits(t, analyze, map[string]string{name: unit})
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	// The threshold is in tenths; a unit without settings has 9.6.
	out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold=20", "--no-pager", file).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func checkUnits(t *testing.T, analyze, service string) {
	t.Helper()
	verifyUnits(t, analyze, map[string]string{"airsocket.service": service, "airsocket.socket": deployed(t, "airsocket.socket")})
}

// verifyUnits has systemd check units by name.
func verifyUnits(t *testing.T, analyze string, units map[string]string) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"verify", "--man=no"}
	for name, text := range units {
		args = append(args, filepath.Join(dir, name))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(analyze, args...).CombinedOutput()
	if err != nil || strings.Contains(string(out), dir) {
		t.Errorf("%v\n%s", err, out)
	}
}
