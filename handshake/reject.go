package handshake

import "strconv"

// AppendReject appends a complete HTTP response for e to dst. The body is e.Body or,
// if that is nil, e.Reason as text. Fields of e.Header are omitted if they are
// invalid, or if they concern the length of the body or the connection. A Status
// below 200 or above 599 becomes 500. Close the connection after sending the
// response.
func (s *Server) AppendReject(dst []byte, e *Error) []byte {
	status := e.Status
	if status < 200 || status > 599 {
		status = 500
	}
	dst = strconv.AppendInt(append(dst, "HTTP/1.1 "...), int64(status), 10)
	dst = append(append(append(dst, ' '), statusText(status)...), "\r\n"...)
	if status == 426 { // RFC 9110, section 15.5.22
		dst = append(dst, "Upgrade: websocket\r\nConnection: Upgrade, close\r\n"...)
	} else {
		dst = append(dst, "Connection: close\r\n"...)
	}
	for _, f := range e.Header {
		if isToken(f.Name) && !hasControl(f.Value) && !isFramingField(f.Name) {
			dst = appendField(dst, f.Name, f.Value)
		}
	}
	if status == 204 || status == 304 { // RFC 9112, section 6.3
		return append(dst, "\r\n"...)
	}
	body := e.Body
	if body == nil && e.Reason != "" {
		body = append([]byte(e.Reason), '\n')
	}
	if len(body) > 0 && !e.Header.Has("Content-Type") {
		dst = append(dst, "Content-Type: text/plain; charset=utf-8\r\n"...)
	}
	dst = append(dst, "Content-Length: "...)
	dst = append(strconv.AppendInt(dst, int64(len(body)), 10), "\r\n\r\n"...)
	if s.req.Method == "HEAD" { // RFC 9110, section 9.3.2
		return dst
	}
	return append(dst, body...)
}

// isFramingField reports whether a field determines where the response or the
// connection ends.
func isFramingField(name string) bool {
	return named(name, "Connection") || named(name, "Upgrade") || named(name, "Content-Length") ||
		named(name, "Transfer-Encoding") || named(name, "Trailer")
}

// statusText returns the reason phrase of a status, or "" if it is not in
// statusTexts.
func statusText(status int) string { return statusTexts[status] }

var statusTexts = map[int]string{
	200: "OK",
	301: "Moved Permanently",
	302: "Found",
	303: "See Other",
	307: "Temporary Redirect",
	308: "Permanent Redirect",
	400: "Bad Request",
	401: "Unauthorized",
	403: "Forbidden",
	404: "Not Found",
	405: "Method Not Allowed",
	406: "Not Acceptable",
	408: "Request Timeout",
	409: "Conflict",
	410: "Gone",
	413: "Content Too Large",
	421: "Misdirected Request",
	426: "Upgrade Required",
	429: "Too Many Requests",
	431: "Request Header Fields Too Large",
	451: "Unavailable For Legal Reasons",
	500: "Internal Server Error",
	501: "Not Implemented",
	502: "Bad Gateway",
	503: "Service Unavailable",
	504: "Gateway Timeout",
	505: "HTTP Version Not Supported",
}
