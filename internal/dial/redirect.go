package dial

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/airsocket/airsocket/handshake"
)

// isRedirect reports whether err is a redirect and redirects are followed.
func (a *Attempt) isRedirect(err error) bool {
	if a.cfg.MaxRedirects <= 0 || !errors.Is(err, handshake.ErrStatus) {
		return false
	}
	refusal, ok := errors.AsType[*handshake.Error](err)
	if !ok {
		return false
	}
	switch refusal.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect prepares a for the endpoint to which the response in refusal redirects.
// followed is the number of redirects before this one.
func (a *Attempt) redirect(refusal error, followed int) error {
	next, err := a.location(refusal)
	switch {
	case followed >= a.cfg.MaxRedirects:
		err = fmt.Errorf("the limit of %d redirects is reached", a.cfg.MaxRedirects)
	case err != nil:
	case a.to.Scheme == "wss" && next.Scheme == "ws":
		err = errors.New("it leads from wss to ws")
	default:
		a.lead(next)
		return a.prepare()
	}
	return fmt.Errorf("%w: %w: %w", ErrRedirect, err, refusal)
}

// location returns the endpoint in the Location field, which may be relative and
// have a fragment (RFC 9110, section 10.2.2).
func (a *Attempt) location(refusal error) (endpoint, error) {
	answer, _ := errors.AsType[*handshake.Error](refusal)
	field := answer.Header.Get("Location")
	if field == "" {
		return endpoint{}, errors.New("the Location field is missing")
	}
	u, err := a.to.http().Parse(field)
	if err != nil {
		return endpoint{}, badURL(field, err)
	}
	u.Fragment, u.RawFragment = "", ""
	if strings.HasSuffix(u.Scheme, "+unix") {
		// A server must not reach the sockets of the client's machine.
		return endpoint{}, errors.New("it leads to a unix socket")
	}
	next, err := parseURL(u.String())
	if err == nil && next.Host == a.to.Host {
		next.socket = a.to.socket
	}
	return next, err
}

// lead makes next the endpoint of a. It removes the program's credentials if next is
// another host.
func (a *Attempt) lead(next endpoint) {
	switch {
	case !sameHostAs(a.to, next):
		a.header = without(a.header, "Authorization", "Cookie", "Proxy-Authorization")
	case next.User == nil:
		next.User = a.to.User
	}
	a.to = next
}

// sameHostAs reports whether a and b have the same host and port, or b is the same
// host with TLS and both have the default port.
func sameHostAs(a, b endpoint) bool {
	if a.socket != b.socket || a.Hostname() != b.Hostname() {
		return false
	}
	ports := [2]string{portOf(a.URL), portOf(b.URL)}
	return ports[0] == ports[1] || ports == [2]string{"80", "443"}
}
