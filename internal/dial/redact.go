package dial

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// redacted returns a URL, which may be invalid, without anything that may be a
// password: it replaces the text from the first colon after the scheme to the last
// @. It hides more than url.URL.Redacted, which needs a valid URL.
func redacted(raw string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || strings.ContainsAny(scheme, ":@/?#") {
		scheme, rest = "", raw
	} else {
		scheme += "://"
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return raw
	}
	user, _, ok := strings.Cut(rest[:at], ":")
	if !ok {
		return raw
	}
	return scheme + user + ":xxxxx" + rest[at:]
}

// badURL returns an error that wraps ErrURL and describes the error err of raw. It
// does not wrap an error of url.Parse, which would quote raw with its password.
func badURL(raw string, err error) error {
	switch _, parsing := errors.AsType[*url.Error](err); {
	case lacksScheme(raw):
		return fmt.Errorf("%w: the scheme is missing: use %q", ErrURL, "ws://"+raw)
	case parsing:
		err = parseError(raw, err)
	}
	return fmt.Errorf("%w: %w: %q", ErrURL, err, redacted(raw))
}

// parseError returns the cause of err, an error of url.Parse for raw. If raw may
// contain a password, it returns a general text, as the cause may quote the
// password, too.
func parseError(raw string, err error) error {
	if strings.Contains(raw, "@") {
		return errors.New("it cannot be parsed; / ? # % and @ in a password must be escaped")
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// lacksScheme reports whether raw is a host, and perhaps a port and a path.
func lacksScheme(raw string) bool {
	if raw == "" || raw[0] == '/' || strings.Contains(raw, "://") || strings.Contains(raw, "@") {
		return false
	}
	u, err := url.Parse("ws://" + raw)
	return err == nil && u.Hostname() != "" && !strings.HasSuffix(u.Host, ":") && u.Fragment == ""
}
