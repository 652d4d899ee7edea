//go:build linux

package main

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/airsocket/airsocket/cmd/bench/internal/frame"
)

// kept returns the server's ends of two connections of a keeper.
func kept(t *testing.T, k *keeper) (theirs [2]socket) {
	for i := range theirs {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		theirs[i] = socket(pair[1])
		t.Cleanup(func() { unix.Close(pair[0]); unix.Close(pair[1]) })
		if err := k.watch(socket(pair[0])); err != nil {
			t.Fatal(err)
		}
	}
	return theirs
}

func TestKeeperAnswersPings(t *testing.T) {
	k := newKeeper(2)
	theirs := kept(t, k)
	message := frame.Style{}.Append(nil, k.payload)
	for _, s := range theirs {
		if _, err := s.Write(append([]byte{0x80 | frame.OpPing, 2, 'h', 'i'}, message...)); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.run(); err != nil {
		t.Fatal(err)
	}
	if k.pings != 2 {
		t.Errorf("%d pings, want 2", k.pings)
	}
	for _, s := range theirs {
		b0, p, err := frame.ReadFrame(s)
		if b0 != 0x80|frame.OpPong || string(p) != "hi" || err != nil {
			t.Errorf("the answer is %#x %q, %v; want a pong", b0, p, err)
		}
	}
}

func TestKeeperNoticesWhatShouldNotBe(t *testing.T) {
	for name, do := range map[string]func(k *keeper, s socket) error{
		"the end": func(k *keeper, s socket) error { return unix.Shutdown(int(s), unix.SHUT_WR) },
		"a close frame": func(k *keeper, s socket) error {
			_, err := s.Write([]byte{0x88, 0})
			return err
		},
		"another message": func(k *keeper, s socket) error {
			_, err := s.Write(frame.Style{}.Append(nil, []byte("other")))
			return err
		},
		"a message twice": func(k *keeper, s socket) error {
			m := frame.Style{}.Append(nil, k.payload)
			_, err := s.Write(append(m, m...))
			return err
		},
		"a pong": func(k *keeper, s socket) error {
			_, err := s.Write([]byte{0x80 | frame.OpPong, 0})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeeper(2)
			if err := do(k, kept(t, k)[0]); err != nil {
				t.Fatal(err)
			}
			if err := k.run(); err == nil {
				t.Error("it goes unnoticed")
			}
		})
	}
}
