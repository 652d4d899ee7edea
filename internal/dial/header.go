package dial

import (
	"net/http"

	"github.com/airsocket/airsocket/handshake"
)

// HTTPHeader converts fields to an http.Header.
func HTTPHeader(fields handshake.Header) http.Header {
	h := make(http.Header, len(fields))
	for _, f := range fields {
		h.Add(f.Name, f.Value)
	}
	return h
}
