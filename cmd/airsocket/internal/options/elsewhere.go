package options

// Elsewhere has what wscat, websocat and curl call flags, and what their names are here.
var Elsewhere = map[string]string{
	"header": "H", "location": "L", "max-redirects": "L", "user": "auth", "basic-auth": "auth",
	"insecure": "k", "no-check": "k", "passphrase": "key", "host": "dial",
	"protocol": "subprotocol", "s": "subprotocol", "o": "origin", "w": "wait",
	"execute": "x", "preamble": "x", "one-message": "whole", "1": "whole", "b": "binary",
	"print-ping-rtts": "ping-interval",
}
