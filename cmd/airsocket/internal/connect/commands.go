package connect

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// commands lists what can be typed instead of a message.
var commands = []struct {
	name, args, help string
	run              func(c *client, arg string) error
}{
	{"/ping", "[TEXT]", "send a ping", sendPing},
	{"/close", "[CODE [REASON]]", "close the connection; CODE is 1000 (the default) or 3000 to 4999", sendClose},
	{"/binary", "HEX", "send a binary message", sendBinary},
	{"/text", "TEXT", "send TEXT, even if it is empty or begins with a slash", sendText},
	{"/help", "", "list the commands", nil},
}

// enter runs the command on a typed line, or sends the line as a message. A
// pasted line is never a command.
func (c *client) enter(line string, pasted bool) {
	var err error
	switch {
	case pasted || line != "" && line[0] != '/':
		err = sendText(c, line)
	case line != "":
		err = c.command(line)
	}
	if err != nil {
		c.tell(journal.Event{Kind: "input", Text: exit.Text(err)})
	}
}

func (c *client) command(line string) error {
	name, arg, _ := strings.Cut(line, " ")
	for _, cmd := range commands {
		switch {
		case cmd.name != name:
		case cmd.run == nil:
			for _, cmd := range commands {
				c.tell(journal.Event{Kind: "help", Text: fmt.Sprintf("%-24s %s", cmd.name+" "+cmd.args, cmd.help)})
			}
			return nil
		default:
			return cmd.run(c, arg)
		}
	}
	return fmt.Errorf("unknown command %s; /help lists the commands, and /text %s sends it as a message", name, line)
}

func sendText(c *client, text string) error {
	err := c.socket.Send(text)
	if err == nil {
		c.tell(journal.Event{Kind: "message", Out: true, Data: []byte(text)})
	}
	return err
}

func sendPing(c *client, text string) error {
	err := c.socket.Ping([]byte(text))
	if err == nil {
		c.tell(journal.Event{Kind: "ping", Out: true, Data: []byte(text)})
	}
	return err
}

func sendBinary(c *client, digits string) error {
	digits = strings.TrimPrefix(strings.ReplaceAll(digits, " ", ""), "0x")
	p, err := hex.DecodeString(digits)
	if err != nil {
		return fmt.Errorf("/binary takes pairs of hexadecimal digits: %w", err)
	}
	if err = c.socket.SendBytes(p); err == nil {
		c.tell(journal.Event{Kind: "message", Out: true, Binary: true, Data: p})
	}
	return err
}

func sendClose(c *client, arg string) error {
	code := airsocket.StatusNormalClosure
	digits, reason, _ := strings.Cut(strings.TrimSpace(arg), " ")
	if digits != "" {
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil {
			return fmt.Errorf("/close takes a status code and a reason: %q is not a code", digits)
		}
		code = airsocket.StatusCode(n)
	}
	return c.socket.Close(code, reason)
}
