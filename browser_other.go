//go:build !js

package airsocket

import (
	"net/http"

	"github.com/airsocket/airsocket/wire"
)

// unconnectable returns nil; see browser_js.go.
func (*settings) unconnectable(string, http.Header) error { return nil }

// unlistenable returns nil; see browser_js.go.
func unlistenable() error { return nil }

// unsendable returns nil; see browser_js.go.
func (*Socket) unsendable(wire.Event) error { return nil }
