package airsocket

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// TestTopics checks the lists of topics and subscribers against a model, with few and with
// many topics for each socket.
func TestTopics(t *testing.T) {
	const sockets, names, rounds = 20, 60, 20_000
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
		case op == 0:
			srv.leave(s)
			clear(model[s])
		case op < 60:
			srv.topics.add(s, name)
			model[s][name] = true
		default:
			if got := s.Unsubscribe(name); got != model[s][name] {
				t.Fatalf("Unsubscribe has returned %v", got)
			}
			delete(model[s], name)
		}
		if round%97 != 0 {
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

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
