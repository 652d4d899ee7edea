package extensions_test

import (
	"errors"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// fake is an extension that accepts all parameters, except that it declines "bad".
type fake struct {
	name   string
	claims wire.RSV
	stream *fakeStream
	mute   bool // offers nothing
	broken bool // returns no session
}

func (f fake) Name() string { return f.name }

func (f fake) Offer() []extensions.Params {
	if f.mute {
		return nil
	}
	return []extensions.Params{{{Name: "a", Value: "1"}}, nil}
}

func (f fake) session() extensions.Session {
	switch {
	case f.broken:
		return extensions.Session{}
	case f.stream != nil:
		f.stream.open++
		return extensions.Session{Stream: f.stream}
	}
	return extensions.Session{Wire: fakeWire(f)}
}

func (f fake) Accept(extensions.Params) (extensions.Session, error) { return f.session(), nil }

func (f fake) Answer(p extensions.Params) (extensions.Params, extensions.Session, bool) {
	if len(p) > 0 && p[0].Name == "bad" {
		return nil, extensions.Session{}, false
	}
	return p, f.session(), true
}

type fakeWire fake

func (w fakeWire) Claims() wire.RSV { return w.claims }

type fakeStream struct {
	extensions.Stream
	open int
}

func (s *fakeStream) Close() { s.open-- }

func header(offers []extensions.Offer) (s string) {
	for i, o := range offers {
		if i > 0 {
			s += ", "
		}
		s += o.String()
	}
	return s
}

func TestOffersAreInTheOrderOfPreference(t *testing.T) {
	list := []extensions.Extension{fake{name: "one"}, fake{name: "mute", mute: true}, fake{name: "two"}}
	if got, want := header(extensions.Offers(list)), "one; a=1, one, two; a=1, two"; got != want {
		t.Errorf("Offers = %s, want %s", got, want)
	}
}

func TestOfferString(t *testing.T) {
	o := extensions.Offer{Name: "x", Params: extensions.Params{{Name: "a"}, {Name: "b", Value: "1"}, {Name: "c", Value: `say "\"`}, {Name: "d", Value: "é"}}}
	if got, want := o.String(), `x; a; b=1; c="say \"\\\""; d="é"`; got != want {
		t.Errorf("String = %s, want %s", got, want)
	}
}

func TestAcceptRefuses(t *testing.T) {
	stream := new(fakeStream)
	list := []extensions.Extension{
		fake{name: "one", claims: wire.RSV1}, fake{name: "other", claims: wire.RSV1 | wire.RSV3},
		fake{name: "two", claims: wire.RSV2}, fake{name: "mute", mute: true}, fake{name: "broken", broken: true},
		fake{name: "stream", stream: stream}, fake{name: "stream2", stream: stream},
		extensions.PermessageDeflate{}, extensions.DeflateStream{},
	}
	for _, tt := range []struct {
		answer []extensions.Offer
		want   error
	}{
		{[]extensions.Offer{{Name: "one"}, {Name: "two"}, {Name: "stream"}}, nil},
		{[]extensions.Offer{{Name: "stream"}, {Name: "nobody"}}, extensions.ErrNotOffered},
		{[]extensions.Offer{{Name: "mute"}}, extensions.ErrNotOffered},
		{[]extensions.Offer{{Name: "stream"}, {Name: "two"}, {Name: "two"}}, extensions.ErrRepeated},
		{[]extensions.Offer{{Name: "stream"}, {Name: "one"}, {Name: "other"}}, extensions.ErrClash},
		{[]extensions.Offer{{Name: "stream"}, {Name: "stream2"}}, extensions.ErrClash},
		{[]extensions.Offer{{Name: "stream"}, {Name: "broken"}}, extensions.ErrSession},
		{[]extensions.Offer{{Name: "stream"}, {Name: "permessage-deflate", Params: extensions.Params{{Name: "x"}}}}, extensions.ErrParams},
		{[]extensions.Offer{{Name: "deflate-stream", Params: extensions.Params{{Name: "x"}}}}, extensions.ErrParams},
	} {
		stream.open = 0
		s, err := extensions.Accept(list, tt.answer)
		if !errors.Is(err, tt.want) {
			t.Errorf("Accept(%s): %v, want %v", header(tt.answer), err, tt.want)
		}
		if err == nil && len(s) != len(tt.answer) || err != nil && (s != nil || stream.open != 0) {
			t.Errorf("Accept(%s) left %d sessions and %d open streams", header(tt.answer), len(s), stream.open)
		}
	}
}

func TestAnswerChooses(t *testing.T) {
	bad := extensions.Params{{Name: "bad"}}
	good := extensions.Params{{Name: "good"}}
	stream := new(fakeStream)
	list := []extensions.Extension{
		fake{name: "one", claims: wire.RSV1}, fake{name: "two", claims: wire.RSV2}, fake{name: "other", claims: wire.RSV1},
		fake{name: "stream", stream: stream}, fake{name: "stream2", stream: stream}, fake{name: "broken", broken: true}, fake{name: "free"},
	}
	for _, tt := range []struct {
		name   string
		offers []extensions.Offer
		want   string
	}{
		{"first acceptable of each name", []extensions.Offer{{"one", bad}, {"one", good}, {"one", nil}}, "one; good"},
		{"each name once", []extensions.Offer{{"free", good}, {"free", nil}}, "free; good"},
		{"order of the client", []extensions.Offer{{"two", nil}, {"one", nil}}, "two, one"},
		{"unknown", []extensions.Offer{{"nobody", nil}, {"one", nil}}, "one"},
		{"a bit that is taken", []extensions.Offer{{"other", nil}, {"one", nil}, {"two", nil}}, "other, two"},
		{"second stream", []extensions.Offer{{"stream", nil}, {"stream2", nil}}, "stream"},
		{"no session", []extensions.Offer{{"broken", nil}, {"one", nil}}, "one"},
		{"none", nil, ""},
	} {
		stream.open = 0
		answer, s := extensions.Answer(list, tt.offers)
		if got := header(answer); got != tt.want || len(s) != len(answer) {
			t.Errorf("%s: answered %q with %d sessions, want %q", tt.name, got, len(s), tt.want)
		}
		if stream.open > 1 {
			t.Errorf("%s: a declined stream is left open", tt.name)
		}
	}
}
