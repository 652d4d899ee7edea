package airsocket

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/airsocket/airsocket/handshake"
)

// ErrRedirect: a redirect of the opening handshake that is not followed, with
// Options.MaxRedirects set: one too many, from wss to ws, or to what is no URL.
// The server's answer is the [*handshake.Error] that is in the same error.
var ErrRedirect = errors.New("airsocket: the redirect is not followed")

// isRedirect reports whether err is a redirect and these are followed.
func (d *dial) isRedirect(err error) bool {
	if d.set.MaxRedirects <= 0 || !errors.Is(err, handshake.ErrStatus) {
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

// redirect makes d lead to where the answer in refusal says. Followed is the
// number of redirects before it.
func (d *dial) redirect(refusal error, followed int) error {
	next, err := d.location(refusal)
	switch {
	case followed >= d.set.MaxRedirects:
		err = fmt.Errorf("it is one more than %d", d.set.MaxRedirects)
	case err != nil:
	case d.to.Scheme == "wss" && next.Scheme == "ws":
		err = errors.New("it leads from wss to ws")
	default:
		d.lead(next)
		return d.prepare()
	}
	return fmt.Errorf("%w: %w: %w", ErrRedirect, err, refusal)
}

// location is the Location field, which may be relative and have a fragment
// (RFC 9110, section 10.2.2).
func (d *dial) location(refusal error) (endpoint, error) {
	answer, _ := errors.AsType[*handshake.Error](refusal)
	field := answer.Header.Get("Location")
	if field == "" {
		return endpoint{}, errors.New("it has no Location")
	}
	u, err := d.to.http().Parse(field)
	if err != nil {
		return endpoint{}, badURL(field, err)
	}
	u.Fragment, u.RawFragment = "", ""
	if strings.HasSuffix(u.Scheme, "+unix") {
		// The sockets of this machine are no business of a server's.
		return endpoint{}, errors.New("it leads to a unix socket")
	}
	next, err := parseURL(u.String())
	if err == nil && next.Host == d.to.Host {
		next.socket = d.to.socket
	}
	return next, err
}

// lead has d lead to next. What the program has said to prove who it is goes to
// no other host than the one it was said for.
func (d *dial) lead(next endpoint) {
	switch {
	case !sameHostAs(d.to, next):
		d.header = without(d.header, "Authorization", "Cookie", "Proxy-Authorization")
	case next.User == nil:
		next.User = d.to.User
	}
	d.to = next
}

// sameHostAs reports whether b has the host and port of a, or is the same host
// with TLS at the usual port, where a was without at its own.
func sameHostAs(a, b endpoint) bool {
	if a.socket != b.socket || a.Hostname() != b.Hostname() {
		return false
	}
	ports := [2]string{portOf(a.URL), portOf(b.URL)}
	return ports[0] == ports[1] || ports == [2]string{"80", "443"}
}
