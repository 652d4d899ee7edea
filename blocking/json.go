package blocking

import (
	"context"
	"encoding/json"

	"github.com/airsocket/airsocket/wire"
)

// ReadJSON reads a message, text or binary, and stores the JSON value in it in v, as
// json.Unmarshal does. It returns the errors of Read, and those of json.Unmarshal: then
// the message has been read, and the connection can still be used.
func (c *Conn) ReadJSON(ctx context.Context, v any) error {
	_, data, err := c.Read(ctx)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// WriteJSON sends v as a text message, encoded by json.Marshal. It returns the errors of
// json.Marshal and of Write, and nothing has been sent then.
func (c *Conn) WriteJSON(ctx context.Context, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.Write(ctx, wire.Text, data)
}
