package extensions_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// Checksum is a message extension: it appends a CRC-32 to each message, and sets RSV2
// on messages with a checksum.
type Checksum struct{}

func (Checksum) Name() string { return "x-checksum" }

func (Checksum) Offer() []extensions.Params {
	return []extensions.Params{{{Name: "method", Value: "crc32"}}}
}

func (c Checksum) Accept(answer extensions.Params) (extensions.Session, error) {
	if len(answer) > 0 {
		return extensions.Session{}, errors.New("x-checksum: an answer has no parameters")
	}
	return extensions.Session{Wire: c}, nil
}

func (c Checksum) Answer(offer extensions.Params) (extensions.Params, extensions.Session, bool) {
	if len(offer) != 1 || offer[0] != (extensions.Param{Name: "method", Value: "crc32"}) {
		return nil, extensions.Session{}, false
	}
	return nil, extensions.Session{Wire: c}, true
}

func (Checksum) Claims() wire.RSV { return wire.RSV2 }

func (Checksum) EncodeMessage(dst []byte, _ wire.Kind, p []byte) ([]byte, wire.RSV, error) {
	dst = append(dst, p...)
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(p)), wire.RSV2, nil
}

func (Checksum) DecodeMessage(_ []byte, _ wire.Kind, _ wire.RSV, p []byte, limit int) ([]byte, error) {
	n := len(p) - crc32.Size
	switch {
	case n < 0 || crc32.ChecksumIEEE(p[:n]) != binary.BigEndian.Uint32(p[n:]):
		return nil, errors.New("x-checksum: a message is damaged")
	case limit > 0 && n > limit:
		return nil, wire.ErrMessageTooBig
	}
	return p[:n], nil
}

// This example negotiates and uses a custom message extension.
func Example_messageExtension() {
	list := []extensions.Extension{Checksum{}}

	offers := extensions.Offers(list)
	answer, atServer := extensions.Answer(list, offers)
	atClient, err := extensions.Accept(list, answer)
	fmt.Println(offers[0], "->", answer[0], err)

	client := wire.Config{Version: wire.Hybi13, Role: wire.Client, Extensions: []wire.Extension{atClient[0].Wire}}
	server := wire.Config{Version: wire.Hybi13, Role: wire.Server, Extensions: []wire.Extension{atServer[0].Wire}}
	var enc wire.Encoder
	var dec wire.Decoder
	enc.Init(&client)
	dec.Init(&server)

	sent, err := enc.Append(nil, wire.Event{Kind: wire.Text, Data: []byte("Hello")})
	fmt.Printf("% x %v\n", sent[:2], err)
	dec.Feed(sent)
	ev := dec.Next()
	fmt.Println(string(ev.Data))

	sent, _ = enc.Append(nil, wire.Event{Kind: wire.Text, Data: []byte("Hello")})
	sent[6] ^= 1
	dec.Feed(sent)
	fmt.Println(dec.Next().Code)
	// Output:
	// x-checksum; method=crc32 -> x-checksum <nil>
	// a1 89 <nil>
	// Hello
	// 1007
}

// Padding is a frame extension: it pads frames to a multiple of 16 bytes, so that
// their lengths reveal less. A padded frame has RSV3 set and ends with the number of
// bytes that were added.
type Padding struct{}

func (Padding) Name() string { return "x-padding" }

func (Padding) Offer() []extensions.Params { return []extensions.Params{nil} }

func (x Padding) Accept(extensions.Params) (extensions.Session, error) {
	return extensions.Session{Wire: x}, nil
}

func (x Padding) Answer(offer extensions.Params) (extensions.Params, extensions.Session, bool) {
	return nil, extensions.Session{Wire: x}, len(offer) == 0
}

func (Padding) Claims() wire.RSV { return wire.RSV3 }

func (Padding) EncodeFrame(dst []byte, _ wire.Frame, p []byte) ([]byte, wire.RSV, error) {
	n := 16 - len(p)%16
	dst = append(dst, p...)
	dst = append(dst, make([]byte, n)...)
	dst[len(dst)-1] = byte(n)
	return dst, wire.RSV3, nil
}

func (Padding) DecodeFrame(_ []byte, _ wire.Frame, _ wire.RSV, p []byte, limit int) ([]byte, error) {
	if len(p) == 0 || int(p[len(p)-1]) > len(p) || p[len(p)-1] == 0 {
		return nil, errors.New("x-padding: a frame is not padded")
	}
	p = p[:len(p)-int(p[len(p)-1])]
	if limit > 0 && len(p) > limit {
		return nil, wire.ErrMessageTooBig
	}
	return p, nil
}

// This example uses a custom frame extension together with permessage-deflate, which
// compresses messages before they are split into frames.
func Example_frameExtension() {
	list := []extensions.Extension{extensions.PermessageDeflate{Threshold: -1}, Padding{}}
	answer, sessions := extensions.Answer(list, []extensions.Offer{{Name: "permessage-deflate"}, {Name: "x-padding"}})
	fmt.Println(answer)

	cfg := wire.Config{Version: wire.Hybi13, Role: wire.Server, FragmentSize: 20}
	for _, s := range sessions {
		cfg.Extensions = append(cfg.Extensions, s.Wire)
	}
	var enc wire.Encoder
	enc.Init(&cfg)
	text := []byte("Tweedledum and Tweedledee agreed to have a battle; for Tweedledum said Tweedledee had spoiled his nice new rattle. Just then flew down a monstrous crow, as black as a tar-barrel.")
	sent, _ := enc.Append(nil, wire.Event{Kind: wire.Text, Data: text})
	for p := sent; len(p) > 0; p = p[2+p[1]:] {
		fmt.Printf("%02x %d\n", p[0], p[1])
	}

	_, sessions = extensions.Answer(list, []extensions.Offer{{Name: "permessage-deflate"}, {Name: "x-padding"}})
	peer := wire.Config{Version: wire.Hybi13, Role: wire.Client}
	for _, s := range sessions {
		peer.Extensions = append(peer.Extensions, s.Wire)
	}
	var dec wire.Decoder
	dec.Init(&peer)
	dec.Feed(sent)
	fmt.Println(string(dec.Next().Data))
	// Output:
	// [permessage-deflate x-padding]
	// 51 32
	// 10 32
	// 10 32
	// 10 32
	// 10 32
	// 90 32
	// Tweedledum and Tweedledee agreed to have a battle; for Tweedledum said Tweedledee had spoiled his nice new rattle. Just then flew down a monstrous crow, as black as a tar-barrel.
}
