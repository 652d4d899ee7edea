package options

// Elsewhere has what wscat, websocat and curl call flags, and what their names are here.
var Elsewhere = map[string]string{
	"header": "H", "location": "L", "max-redirects": "L", "user": "auth", "host": "dial",
	"socks5": "proxy", "insecure": "k", "no-check": "k", "passphrase": "key",
	"client-pkcs12-der": "cert", "client-pkcs12-passwd": "key",
	"protocol": "subprotocol", "s": "subprotocol", "o": "origin", "w": "wait",
	"execute": "x", "preamble": "x", "one-message": "whole", "1": "whole", "b": "binary",
	"null-terminated": "0", "max-messages-rev": "n", "print-ping-rtts": "ping-interval",
}
