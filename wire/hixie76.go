package wire

// hixie76 is the framing of draft-hixie-thewebsocketprotocol-76 (hybi-00): that
// of draft 75 with FF 00 as its closing handshake. Peers of that time end the
// connection when they get one.
type hixie76 struct{ hixie75 }

func (hixie76) has(op Kind) bool { return op == Text || op == Close }

func (hixie76) endsCleanly(betweenMessages, closeSent bool) bool { return closeSent }
