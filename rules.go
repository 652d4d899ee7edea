package airsocket

import (
	"errors"
	"fmt"
	"strings"

	"github.com/airsocket/airsocket/internal/dial"
	"github.com/airsocket/airsocket/wire"
)

// Rules say whose rules a Socket follows where the browser's WebSocket does otherwise than
// the rest of this package.
type Rules uint8

const (
	// RulesDefault are the rules that the documentation of everything else describes.
	RulesDefault Rules = iota

	// RulesBrowser are the rules of the browser's WebSocket (WHATWG WebSockets, and what
	// Chromium does where that is silent), for bots, tests and engines that run scripts. The
	// differences are these; those of a client have no effect on a server.
	//
	// The URL of a client is read and serialized as in the browser (WHATWG URL): URL returns
	// it with scheme and host in lower case, without a default port and with the dot segments
	// of its path resolved; percent signs are taken as they are. Connect returns ErrURL for
	// unix sockets, and for what only a whole parser of browsers takes: relative URLs,
	// backslashes, tabs and line ends, and addresses such as 127.1. Subprotocols that differ
	// only in case count as repeated. The request says that no cache may answer it, and does not
	// have the user and the password of the URL. No redirect is followed, whatever MaxRedirects
	// says, and the body of a refusal is not waited for.
	//
	// The ports that browsers do not connect to are not connected to; ErrBlockedPort is
	// reported. While a client opens a connection to an IP address and port, other clients of
	// the same Options.Dispatcher wait with theirs (RFC 6455, section 4.1). So do those with the
	// same host and port in the URL, in the order in which Connect was called: the address is not
	// known if Dial or a proxy connects. HandshakeTimeout counts meanwhile, and Close ends it. A
	// server that chooses none of the subprotocols that a client asks for fails the connection,
	// with handshake.ErrNoProtocol.
	//
	// A connection that this end fails, because of a broken rule, a limit, a timeout or a
	// panic, ends at once: the peer is told the code, but not waited for, and the close event
	// has the code 1006 and no reason. The error event comes only then, directly before the
	// close event, and the state is StateClosed in both. There is no error event if the
	// connection was open and the peer has closed it, or has ended it without a closing
	// handshake, if writing failed, or after CloseTimeout; the Logger receives a record
	// nevertheless.
	//
	// Close of a client returns ErrCode for the code 0 too. SendMessage with wire.Close
	// closes without a code.
	//
	// Send, SendBytes, SendPrepared and SendMessage return nil while the socket is closing or
	// closed, and send nothing. While a client is connecting they return ErrInvalidState,
	// whatever QueueBeforeOpen says. Instead of returning ErrBufferFull they end an
	// open connection, with an error event for it: set MaxBuffered to more than a script may
	// send at once. BufferedAmount counts the payloads of messages, as of the time when it was
	// first asked for, or something was sent, in a turn: it increases with each message at
	// once and decreases between turns. What was not sent before the end of the connection,
	// and what was to be sent after it, stays in it until the Socket connects again. While
	// more than 4,096 messages wait, headers of frames may count too.
	//
	// SendPart, SendUncompressed, Ping and Pong, which browsers do not have, return the errors
	// that they always do. NetConn and package blocking do not work with these rules.
	RulesBrowser
)

// ErrBlockedPort is reported with RulesBrowser if the URL has a port to which browsers do not
// connect, because something else than a web server listens on it (WHATWG Fetch, section 2.9).
var ErrBlockedPort = errors.New("airsocket: browsers do not connect to this port")

// The rest of this file decides what differs; all other files ask it.

// newAttempt completes cfg, and returns an attempt to connect.
func (r Rules) newAttempt(cfg dial.Config, d *Dispatcher, url string, protocols []string) (*dial.Attempt, error) {
	if r == RulesBrowser {
		if p := repeated(protocols); p != "" {
			return nil, fmt.Errorf("%w: %.100q is repeated", ErrProtocol, p)
		}
		cfg.StandardURL, cfg.FetchFields, cfg.NeedsProtocol, cfg.HeadSuffices = true, true, true, true
		cfg.MaxRedirects, cfg.Queue = 0, d.opening()
	}
	return dial.New(cfg, url, protocols)
}

// repeated returns a subprotocol that is equal to one before it but for case, or "" (WHATWG
// WebSockets, section 3.1, constructor).
func repeated(protocols []string) string {
	seen := make(map[string]bool, len(protocols))
	for _, p := range protocols {
		lower := strings.ToLower(p)
		if seen[lower] {
			return p
		}
		seen[lower] = true
	}
	return ""
}

// connects returns an error if a must not connect to its port (WHATWG Fetch, section 2.9).
func (r Rules) connects(a *dial.Attempt) error {
	if r == RulesBrowser && blockedPorts[a.Port()] {
		return fmt.Errorf("%w: %s", ErrBlockedPort, a.Port())
	}
	return nil
}

// failure returns the code and the reason of the close event of a connection that this end
// fails with the given ones (RFC 6455, section 7.1.5).
func (r Rules) failure(code StatusCode, reason string) (StatusCode, string) {
	if r == RulesBrowser {
		return StatusAbnormalClosure, ""
	}
	return code, reason
}

// waitsAfterFailure reports whether a connection that this end has failed goes on until the
// peer has ended it, with an error event before that (RFC 6455, section 7.1.7).
func (r Rules) waitsAfterFailure() bool { return r != RulesBrowser }

// tellsClosed reports whether the error event comes when the socket is closed (WHATWG
// WebSockets, section 4).
func (r Rules) tellsClosed() bool { return r == RulesBrowser }

// tells reports whether there is an error event for the end of a connection (WHATWG
// WebSockets, section 4).
func (r Rules) tells(end *ending, wasOpen bool) bool {
	return r != RulesBrowser || !wasOpen || end.failed
}

// allowsNoCode reports whether Close may be called with the code 0.
func (r Rules) allowsNoCode(role wire.Role) bool { return r != RulesBrowser || role == wire.Server }

// queues reports whether st keeps what a client sends while it is connecting (WHATWG
// WebSockets, section 3.1, send).
func (st *settings) queues() bool { return st.QueueBeforeOpen && st.Rules != RulesBrowser }

// counts reports whether BufferedAmount counts payloads.
func (r Rules) counts() bool { return r == RulesBrowser }

// sent returns the error that a method returns which has tried to send a message of n bytes,
// with the given error (WHATWG WebSockets, section 3.1, send).
func (r Rules) sent(s *Socket, n int, err error) error {
	if r != RulesBrowser || err == nil {
		return err
	}
	switch {
	case errors.Is(err, ErrBufferFull) && s.ReadyState() != StateConnecting:
		s.abort(ErrBufferFull)
	case !errors.Is(err, ErrClosed):
		return err
	}
	s.sender.countUnsent(n)
	return nil
}

// unfit returns the name of an option without which the events or errors of a Socket are
// other ones than calls that wait expect, or "".
func (r Rules) unfit() string {
	if r == RulesBrowser {
		return "Rules"
	}
	return ""
}

var blockedPorts = map[string]bool{
	"0": true, "1": true, "7": true, "9": true, "11": true, "13": true, "15": true, "17": true,
	"19": true, "20": true, "21": true, "22": true, "23": true, "25": true, "37": true,
	"42": true, "43": true, "53": true, "69": true, "77": true, "79": true, "87": true,
	"95": true, "101": true, "102": true, "103": true, "104": true, "109": true, "110": true,
	"111": true, "113": true, "115": true, "117": true, "119": true, "123": true, "135": true,
	"137": true, "139": true, "143": true, "161": true, "179": true, "389": true, "427": true,
	"465": true, "512": true, "513": true, "514": true, "515": true, "526": true, "530": true,
	"531": true, "532": true, "540": true, "548": true, "554": true, "556": true, "563": true,
	"587": true, "601": true, "636": true, "989": true, "990": true, "993": true, "995": true,
	"1719": true, "1720": true, "1723": true, "2049": true, "3659": true, "4045": true,
	"4190": true, "5060": true, "5061": true, "6000": true, "6566": true, "6665": true,
	"6666": true, "6667": true, "6668": true, "6669": true, "6679": true, "6697": true,
	"10080": true,
}
