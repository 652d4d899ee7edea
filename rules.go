package airsocket

// Rules select whose rules a Socket follows where the browser's WebSocket does something
// else than this package.
type Rules uint8

const (
	// RulesDefault are the rules that the documentation of this package describes.
	RulesDefault Rules = iota
	// RulesBrowser are the rules of the browser's WebSocket (WHATWG WebSockets).
	RulesBrowser
)
