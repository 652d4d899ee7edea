package wire

// hixie76 is the framing of draft-hixie-thewebsocketprotocol-76 (hybi-00). It differs
// from draft 75 in that FF 00 is a closing handshake. Peers of this draft end the
// connection when they receive it.
type hixie76 struct{ hixie75 }

func (hixie76) supports(op Kind) bool { return op == Text || op == Close }

func (hixie76) endsCleanly(betweenMessages, closeSent bool) bool { return closeSent }
