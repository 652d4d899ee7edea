package process

import (
	"crypto/rand"
	"net"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
)

// Software is the value of SERVER_SOFTWARE.
const Software = "airsocket"

// inherited lists what a process gets of the environment of the server: what it needs to
// find programs and libraries, and nothing that may be secret.
var inherited = map[string][]string{
	"windows": {"PATH", "PATHEXT", "SYSTEMROOT", "COMSPEC", "WINDIR", "TEMP", "TMP"},
	"darwin":  {"PATH", "DYLD_LIBRARY_PATH"},
	"":        {"PATH", "LD_LIBRARY_PATH"},
}

// BaseEnv returns the environment of all processes. names are further variables, NAME for
// the value that the server has, or NAME=VALUE.
func BaseEnv(names []string) []string {
	names = append(inheritedNames(runtime.GOOS), names...)
	var env []string
	for _, name := range names {
		if strings.Contains(name, "=") {
			env = append(env, name)
		} else if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func inheritedNames(system string) []string {
	if names, ok := inherited[system]; ok {
		return names[:len(names):len(names)]
	}
	return inherited[""]
}

// SetRemoteIP tells Connect the address of the client of s, if it is not the one of the
// connection.
func SetRemoteIP(s *airsocket.Socket, ip netip.Addr) { s.SetData(ip) }

// environ returns what the environment says of the request of s: the variables of CGI (RFC
// 3875, section 4.1) that websocketd has, and its own.
func environ(s *airsocket.Socket, secure bool) []string {
	req := s.Request()
	if req == nil {
		return nil
	}
	target, err := url.ParseRequestURI(req.Target)
	if err != nil {
		target = &url.URL{Path: req.Target}
	}
	ip, port := client(s)
	host, serverPort := server(req.Host, secure)
	e := environment{}
	e.set("SERVER_SOFTWARE", Software)
	e.set("GATEWAY_INTERFACE", "CGI/1.1")
	e.set("SERVER_PROTOCOL", "HTTP/1.1") // no other has opening handshakes
	e.set("SERVER_NAME", host)
	e.set("SERVER_PORT", serverPort)
	e.set("REQUEST_METHOD", req.Method)
	e.set("REQUEST_URI", req.Target)
	e.set("SCRIPT_NAME", "/")
	e.set("PATH_INFO", target.Path)
	e.set("PATH_TRANSLATED", target.Path)
	e.set("QUERY_STRING", target.RawQuery)
	e.set("REMOTE_ADDR", ip)
	e.set("REMOTE_HOST", ip) // names are not looked up
	e.set("REMOTE_PORT", port)
	e.set("UNIQUE_ID", rand.Text())
	for _, none := range []string{"AUTH_TYPE", "CONTENT_LENGTH", "CONTENT_TYPE", "REMOTE_IDENT", "REMOTE_USER"} {
		e.set(none, "")
	}
	if secure {
		e.set("HTTPS", "on")
	}
	e.setFields(req.Header)
	return e
}

// client returns the address and the port of the client, as far as they are known.
func client(s *airsocket.Socket) (ip, port string) {
	if tcp, ok := s.RemoteAddr().(*net.TCPAddr); ok {
		addr := tcp.AddrPort()
		ip, port = addr.Addr().Unmap().String(), strconv.Itoa(tcp.Port)
	}
	if told, ok := s.Data().(netip.Addr); ok && told.IsValid() && told.String() != ip {
		return told.String(), "" // the port is that of a proxy
	}
	return ip, port
}

// server returns the name and the port that the client has used.
func server(host string, secure bool) (name, port string) {
	if name, port, err := net.SplitHostPort(host); err == nil {
		return name, port
	}
	if secure {
		return strings.Trim(host, "[]"), "443"
	}
	return strings.Trim(host, "[]"), "80"
}

// An environment is a list of variables whose values may come from a client.
type environment []string

// harmless replaces what cannot be in a variable, and line ends.
var harmless = strings.NewReplacer("\x00", " ", "\n", " ", "\r", " ")

func (e *environment) set(name, value string) {
	*e = append(*e, name+"="+strings.TrimSpace(harmless.Replace(value)))
}

// setFields sets HTTP_NAME for the fields of a request. Fields with the same name are
// joined.
func (e *environment) setFields(h handshake.Header) {
	seen := map[string]bool{}
	for _, f := range h {
		name, ok := variable(f.Name)
		if !ok || seen[name] {
			continue
		}
		seen[name] = true
		separator := ", "
		if name == "HTTP_COOKIE" {
			separator = "; "
		}
		// Old versions of bash run what follows such a value (CVE-2014-6271).
		if value := strings.Join(h.Values(f.Name), separator); !strings.HasPrefix(strings.TrimSpace(value), "() {") {
			e.set(name, value)
		}
	}
}

// variable returns the name of the variable for a field. There is none for a name with
// underscores, which could be mistaken for another field, and for Proxy, because many programs
// take HTTP_PROXY for a setting (CVE-2016-5385).
func variable(field string) (string, bool) {
	for _, c := range []byte(field) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return "", false
		}
	}
	name := strings.ToUpper(strings.ReplaceAll(field, "-", "_"))
	return "HTTP_" + name, name != "" && name != "PROXY"
}
