package bot

import (
	"net/http"

	"github.com/airsocket/airsocket"
)

// Options configure a Bot. The zero value and a nil *Options mean the defaults.
type Options struct {
	// Number is the number of the instance, for scripts that many bots run. Args are the
	// arguments of the script. Scripts know them as bot.number and bot.args.
	Number int
	Args   []string

	// URL is the address of the page that the script belongs to: that of location, to which
	// relative URLs are resolved, and whose origin is sent. If it is empty there is none.
	URL string

	// Socket are the options of WebSockets. Dispatcher and Rules are set for each Bot, Origin
	// is set if there is a URL, and Jar, which fetch uses too, if there is none. As browsers do,
	// bots offer permessage-deflate, unless Compression or Extensions say otherwise: with an
	// empty Extensions that is not nil they offer nothing.
	Socket *airsocket.Options

	// Transport sends the requests of fetch. Nil means http.DefaultTransport.
	Transport http.RoundTripper

	// Console prints what the script writes with a method of console, such as "log". The
	// text has no newline at its end. Nil means that it goes to the standard output, or to
	// the standard error for "warn", "error" and "trace".
	Console func(method, text string)

	// OnError is called, in a turn, for each error that the script has not caught, after
	// which the script goes on, as in a browser. Nil means that it is printed with Console
	// as an "error".
	OnError func(error)

	// Setup is called, in a turn, before the script runs, for instance to add functions
	// to Bot.Runtime. If it returns an error the script does not run.
	Setup func(*Bot) error
}
