package dial

import (
	"net/http"

	"github.com/airsocket/airsocket/handshake"
)

// HTTPHeader returns fields as net/http has them.
func HTTPHeader(fields handshake.Header) http.Header {
	h := make(http.Header, len(fields))
	for _, f := range fields {
		h.Add(f.Name, f.Value)
	}
	return h
}
