package airsocket

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestTopics checks the lists of topics and subscribers against a model, with few and with
// many topics for each socket.
func TestTopics(t *testing.T) {
	const sockets, names, rounds, phase = 100, 80, 200_000, 20_000
	rnd := rand.New(rand.NewPCG(1, 2))
	srv := new(Server)
	var all []*Socket
	model := make(map[*Socket]map[string]bool)
	for range sockets {
		s := NewSocket(nil)
		s.server = srv
		all = append(all, s)
		model[s] = make(map[string]bool)
	}
	for round := range rounds {
		s, name := all[rnd.IntN(sockets)], fmt.Sprint("topic", rnd.IntN(names))
		switch op := rnd.IntN(100); {
		case op == 0 && round%10 == 0:
			srv.leave(s)
			clear(model[s])
		case op < 80 && round/phase%2 == 0, op < 20: // the lists grow and shrink
			srv.topics.add(s, name)
			model[s][name] = true
		default:
			if got := s.Unsubscribe(name); got != model[s][name] {
				t.Fatalf("Unsubscribe has returned %v", got)
			}
			delete(model[s], name)
		}
		if round%997 != 0 {
			continue
		}
		used := 0
		for n := range names {
			name := fmt.Sprint("topic", n)
			got := srv.topics.subscribersOf(name, nil)
			count := 0
			for _, s := range all {
				if model[s][name] {
					count++
					if !slices.Contains(got, s) {
						t.Fatalf("round %d: a subscriber of %s is missing", round, name)
					}
				}
			}
			if len(got) != count {
				t.Fatalf("round %d: %s has %d subscribers, want %d", round, name, len(got), count)
			}
			if count > 0 {
				used++
			}
			srv.topics.giveBack(got)
		}
		if len(srv.topics.byName) != used {
			t.Fatalf("round %d: %d topics are kept, want %d", round, len(srv.topics.byName), used)
		}
		for _, s := range all {
			if got := s.Topics(); len(got) != len(model[s]) {
				t.Fatalf("round %d: %d topics of a socket, want %d", round, len(got), len(model[s]))
			}
		}
	}
}

// TestMemoryOfSubscriptions checks what a subscription costs, of sockets with one and with
// many.
func TestMemoryOfSubscriptions(t *testing.T) {
	const all, most = 1_000_000, 100
	for _, each := range []int{1, 10, 100} {
		t.Run(fmt.Sprint(each), func(t *testing.T) {
			srv := new(Server)
			sockets := make([]*Socket, all/each)
			for i := range sockets {
				sockets[i] = &Socket{server: srv}
			}
			names := make([]string, 1000)
			for i := range names {
				names[i] = fmt.Sprint("topic", i)
			}
			before := heapInUse()
			for i, s := range sockets {
				for n := range each {
					srv.topics.add(s, names[(i+n*7)%len(names)])
				}
			}
			got := (heapInUse() - before) / all
			if got > most {
				t.Errorf("%d bytes for each subscription, want %d at most", got, most)
			} else {
				t.Logf("%d bytes for each subscription", got)
			}
			runtime.KeepAlive(sockets)
			runtime.KeepAlive(srv)
		})
	}
}

// TestMemoryOfSubscriptionsIsGivenUp checks that a topic that has lost most of its
// subscribers, and a socket that has left most of its topics, give up what they needed for
// them.
func TestMemoryOfSubscriptionsIsGivenUp(t *testing.T) {
	const many, most = 200_000, 1 << 20
	srv := new(Server)
	one := &Socket{server: srv}
	sockets := make([]Socket, many)
	names := make([]string, many)
	for i := range names {
		sockets[i].server = srv
		names[i] = fmt.Sprint("topic", i)
	}
	srv.topics.byName = make(map[string]*topic, many) // which a Go map keeps
	before := heapInUse()
	srv.topics.add(one, "all")
	for i := range sockets {
		srv.topics.add(&sockets[i], "all")
		srv.topics.add(one, names[i])
	}
	for i := range sockets {
		srv.leave(&sockets[i])
		sockets[i].extra.Store(nil)
		one.Unsubscribe(names[i])
	}
	if got := heapInUse() - before; got > most {
		t.Errorf("%d bytes are still in use, want %d at most", got, most)
	}
	if !one.Unsubscribe("all") {
		t.Error("the subscription that was left is gone")
	}
	runtime.KeepAlive(sockets)
	runtime.KeepAlive(names)
}

// TestTopicKeepsOnlyItsName checks that a topic whose name is a part of a long message does
// not keep the message.
func TestTopicKeepsOnlyItsName(t *testing.T) {
	const topics, length, most = 100, 1 << 20, 10 << 20
	srv := new(Server)
	s := &Socket{server: srv}
	before := heapInUse()
	for i := range topics {
		srv.topics.add(s, strings.Repeat(fmt.Sprintf("%03d", i), length/3)[:3])
	}
	if got := heapInUse() - before; got > most {
		t.Errorf("%d bytes are in use, want %d at most", got, most)
	}
	if n := len(s.Topics()); n != topics {
		t.Errorf("there are %d topics", n)
	}
	runtime.KeepAlive(srv)
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
