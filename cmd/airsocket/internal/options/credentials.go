package options

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/inputfile"
)

// An Ask asks somebody for a secret, and returns what was typed.
type Ask func(prompt string) (string, error)

// maxSecret is the length of the longest file with a secret, in bytes.
const maxSecret = 64 << 10

// credentials are the values of the flags -auth and -bearer.
type credentials struct{ auth, bearer string }

// set adds the Authorization field to h, for a connection to the given URL.
func (c credentials) set(h http.Header, to string, ask Ask) error {
	u, err := url.Parse(to)
	var all []string
	for _, way := range []struct {
		name  string
		given bool
	}{
		{"-auth", c.auth != ""},
		{"-bearer", c.bearer != ""},
		{"an Authorization field of -H", h.Get("Authorization") != ""},
		{"a user in the URL", err == nil && u.User != nil},
	} {
		if way.given {
			all = append(all, way.name)
		}
	}
	if len(all) > 1 {
		return fmt.Errorf("%s and %s are given; only one can be sent", all[0], all[1])
	}
	if c.auth == "" && c.bearer == "" {
		return nil
	}
	value, err := c.value(ask)
	if err != nil {
		return fmt.Errorf("%s: %w", all[0], err)
	}
	h.Set("Authorization", value)
	return nil
}

// value returns the value of the Authorization field.
func (c credentials) value(ask Ask) (string, error) {
	if c.bearer != "" {
		token, err := c.token()
		return "Bearer " + token, err
	}
	pair, err := fromFile(c.auth)
	if err != nil {
		return "", err
	}
	if user, _, ok := strings.Cut(pair, ":"); !ok {
		password, err := ask("password of " + user + ": ")
		if err != nil {
			return "", err
		}
		pair += ":" + password
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)), nil
}

// token returns the token of -bearer.
func (c credentials) token() (string, error) {
	if name, ok := strings.CutPrefix(c.bearer, "env:"); ok {
		token := strings.TrimSpace(os.Getenv(name))
		if token == "" {
			return "", fmt.Errorf("the environment variable %s is not set", name)
		}
		return token, nil
	}
	return fromFile(c.bearer)
}

// fromFile returns s, or what is in FILE if s is @FILE.
func fromFile(s string) (string, error) {
	name, ok := strings.CutPrefix(s, "@")
	if !ok {
		return s, nil
	}
	p, err := inputfile.Read(name, maxSecret)
	if err != nil {
		return "", err
	}
	if s = strings.TrimSpace(string(p)); s == "" {
		return "", errors.New(name + " is empty")
	}
	return s, nil
}
