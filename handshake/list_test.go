package handshake_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
)

type (
	offers = []extensions.Offer
	params = extensions.Params
)

// The syntax and the examples of RFC 6455, section 9.1.
func TestParseExtensions(t *testing.T) {
	for _, test := range []struct {
		values []string
		want   offers
	}{
		{nil, nil},
		{[]string{""}, nil},
		{[]string{" \t"}, nil},
		{[]string{",", " , ,"}, nil},
		{[]string{"foo"}, offers{{Name: "foo"}}},
		{[]string{"foo", "bar; baz=2"}, offers{{Name: "foo"}, {Name: "bar", Params: params{{Name: "baz", Value: "2"}}}}},
		{[]string{"foo, bar; baz=2"}, offers{{Name: "foo"}, {Name: "bar", Params: params{{Name: "baz", Value: "2"}}}}},
		{[]string{"mux; max-channels=4; flow-control, deflate-stream"}, offers{
			{Name: "mux", Params: params{{Name: "max-channels", Value: "4"}, {Name: "flow-control"}}}, {Name: "deflate-stream"}}},
		{[]string{`private-extension; a="b"`}, offers{{Name: "private-extension", Params: params{{Name: "a", Value: "b"}}}}},
		{[]string{`a;b="1\5"`}, offers{{Name: "a", Params: params{{Name: "b", Value: "15"}}}}},
		{[]string{"\ta\t;\tb\t=\t1\t,\tc\t"}, offers{{Name: "a", Params: params{{Name: "b", Value: "1"}}}, {Name: "c"}}},
		{[]string{",a,,b,"}, offers{{Name: "a"}, {Name: "b"}}},
		{[]string{"a; b; b=1; b=2"}, offers{{Name: "a", Params: params{{Name: "b"}, {Name: "b", Value: "1"}, {Name: "b", Value: "2"}}}}},
		{[]string{"a; b, a"}, offers{{Name: "a", Params: params{{Name: "b"}}}, {Name: "a"}}},
	} {
		got, err := handshake.ParseExtensions(test.values)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: %v, %v", test.values, got, err)
		}
		again, err := handshake.ParseExtensions([]string{string(handshake.AppendExtensions(nil, got))})
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%q: appended and parsed: %v, %v", test.values, again, err)
		}
	}
}

func TestParseExtensionsRefuses(t *testing.T) {
	for _, value := range []string{
		"a b", "a; b c", "a; b=c d", "a;", "a; ; b", "a; =1", "a; b=", "a; b= ,c", `a; b=""`, `a; b="c d"`, `a; b="c`,
		`a; b="c\`, `a; b="c\"`, `a; b="\""`, `a; b="c\\d"`, `a; b="\\"`, `a; b="c"d`, `"a"`, "a/b", "a; b/c", "a; b=c=d",
		"a=b", ";", "=", "; a", "(a)", "a\x00", "\u00e4", "a; b=\u00e4", "a, b c",
	} {
		got, err := handshake.ParseExtensions([]string{"good", value})
		if got != nil || !errors.Is(err, handshake.ErrBadExtension) {
			t.Errorf("%q: %v, %v", value, got, err)
		}
	}
}

func TestHeader(t *testing.T) {
	var h handshake.Header
	h.Add("Set-Cookie", "a")
	h.Add("X", "b")
	h.Add("set-cookie", "c")
	if h.Get("SET-COOKIE") != "a" || h.Get("Y") != "" || !h.Has("x") || h.Has("Y") ||
		!reflect.DeepEqual(h.Values("Set-cookie"), []string{"a", "c"}) || h.Values("Y") != nil {
		t.Errorf("%v", h)
	}
	// The Kelvin sign and the long s, which Unicode folds to ASCII letters, do not
	// match them.
	h = handshake.Header{{"\u212aey", "a"}, {"\u017fet", "b"}}
	if h.Has("key") || h.Has("set") {
		t.Error("folded beyond ASCII")
	}
}

func TestIsUpgrade(t *testing.T) {
	for _, test := range []struct {
		method              string
		upgrade, connection []string
		want                bool
	}{
		{"GET", []string{"websocket"}, []string{"Upgrade"}, true},
		{"GET", []string{"WebSocket"}, []string{"keep-alive, upgrade"}, true},
		{"GET", []string{"h2c", "websocket"}, []string{"close", "upgrade"}, true},
		{"POST", []string{"websocket"}, []string{"Upgrade"}, false},
		{"GET", []string{"websockets"}, []string{"Upgrade"}, false},
		{"GET", []string{"websocket"}, []string{"close"}, false},
		{"GET", nil, []string{"Upgrade"}, false},
		{"GET", []string{"websocket"}, nil, false},
	} {
		header := map[string][]string{"Upgrade": test.upgrade, "Connection": test.connection}
		if got := handshake.IsUpgrade(test.method, header); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// The cost of a list is in proportion to its length.
func TestManySubprotocols(t *testing.T) {
	list := strings.Repeat("a,", 3000)
	request := edit(t, request13, "chat, superchat", list+"b")
	var s handshake.Server
	if _, _, err := s.Feed([]byte(request)); !errors.Is(err, handshake.ErrBadProtocol) {
		t.Error(err)
	}
}
