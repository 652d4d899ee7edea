package handshake

// AppendRecorded is like AppendRequest, with the keys of a request that s has read.
func (c *Client) AppendRecorded(dst []byte, s *Server) ([]byte, error) {
	if _, err := c.AppendRequest(nil); err != nil {
		return dst, err
	}
	c.keys = s.req.keys
	for i, name := range [...]string{"Sec-WebSocket-Key1", "Sec-WebSocket-Key2"} {
		c.keys.text[i] = s.req.Header.Get(name)
	}
	return c.dialect.appendRequest(dst, c), nil
}

// KeyNumber returns the number that a server reads from a key of hixie-76.
var KeyNumber = keyNumber
