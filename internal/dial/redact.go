package dial

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// redacted returns a URL, or what was meant to be one, without what may be a
// password: everything from the first colon behind the scheme to the last @. That
// is more than url.URL.Redacted hides, which needs a URL that can be parsed.
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

// badURL returns an ErrURL for raw, with what err says is wrong with it. An error of
// url.Parse quotes raw, so it is not used as it is.
func badURL(raw string, err error) error {
	switch _, parsing := errors.AsType[*url.Error](err); {
	case lacksScheme(raw):
		return fmt.Errorf("%w: it has no scheme: write %q", ErrURL, "ws://"+raw)
	case parsing:
		err = parseError(raw, err)
	}
	return fmt.Errorf("%w: %w: %q", ErrURL, err, redacted(raw))
}

// parseError returns what url.Parse has found wrong with raw. Even the detail may
// quote a password.
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
