package airsocket

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"
)

// TestAddressKeys checks which addresses count as one.
func TestAddressKeys(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"::1", "0.0.0.1", false},
		{"::c000:201:0:0:0:1", "192.0.2.1", false},
		{"::", "0.0.0.0", false},
		{"64:ff9b::192.0.2.1", "192.0.2.1", true},
		{"64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2", false},
		{"64:ff9b:0:0:1::192.0.2.1", "64:ff9b:0:0:1::192.0.2.2", true},
	} {
		if same := keyOf(netip.MustParseAddr(c.a)) == keyOf(netip.MustParseAddr(c.b)); same != c.same {
			t.Errorf("%s and %s: the same is %v", c.a, c.b, same)
		}
	}
}

// TestAddressesForget checks that a full table forgets the address that has the fewest
// connections and has not been heard of for longest, refuses nobody, and that connections of
// an address that was forgotten change nothing when they end.
func TestAddressesForget(t *testing.T) {
	const most = 100
	table := addresses{most: most}
	l := addressLimits{conns: 3}
	at := now()
	enter := func(key addressKey) *address {
		t.Helper()
		a, refused := table.enter(key, l, at)
		if refused != nil {
			t.Fatalf("key %d was refused: %v", key, refused)
		}
		return a
	}
	isKnown := func(key addressKey, want bool) {
		t.Helper()
		if _, known := table.byKey[key]; known != want {
			t.Fatalf("key %d is known: %v", key, known)
		}
	}
	for range 3 {
		enter(1) // the one to hold to its limit
	}
	var single []*address
	for key := range addressKey(most - 1) {
		single = append(single, enter(1000+key))
	}
	isKnown(1000, true)
	for key := range addressKey(50 * most) { // a flood, of which each closes its connection or not
		if a := enter(1_000_000 + key); key%2 == 0 {
			a.leave()
		}
	}
	if len(table.byKey) > most {
		t.Fatalf("%d addresses are known, want at most %d", len(table.byKey), most)
	}
	isKnown(1, true)
	isKnown(1000, false)
	if _, refused := table.enter(1, l, at); refused != errConnsPerIP {
		t.Errorf("the flood has made room for the address: %v", refused)
	}
	again := enter(1000)
	single[0].leave() // does not count for the new entry
	if again.conns != 1 || table.byKey[1000] != again {
		t.Errorf("the new entry has %d connections", again.conns)
	}
}

// TestAddressesAreConsistent checks the table against a plain count, whatever is called.
func TestAddressesAreConsistent(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	table := addresses{}
	l := addressLimits{conns: 5, rate: newRate(1, 3)}
	at := instant(1)
	var open []*address
	for step := range 50_000 {
		at = at.add(time.Duration(r.IntN(int(time.Second / 10))))
		key := addressKey(r.IntN(40))
		if r.IntN(2) == 0 {
			if a, _ := table.enter(key, l, at); a != nil {
				open = append(open, a)
			}
		} else if len(open) > 0 {
			i := r.IntN(len(open))
			open[i].leave()
			open[i] = open[len(open)-1]
			open = open[:len(open)-1]
		}
		count := map[addressKey]int32{}
		for _, a := range open {
			count[a.key]++
		}
		listed := 0
		for i, list := range table.lists {
			for a := list.first; a != nil; a = a.next {
				listed++
				if a.conns != count[a.key] || int(a.list) != i || table.byKey[a.key] != a || i < 2 && int(a.conns) != i || a.conns > int32(l.conns)+1 {
					t.Fatalf("step %d: key %d has %d connections in list %d, want %d", step, a.key, a.conns, i, count[a.key])
				}
			}
		}
		if listed != len(table.byKey) {
			t.Fatalf("step %d: %d listed, %d known", step, listed, len(table.byKey))
		}
	}
}

// TestAddressesAreForgottenInTime checks that what is settled goes, so that the table is no
// larger than what has come in the last time.
func TestAddressesAreForgottenInTime(t *testing.T) {
	table := addresses{}
	l := addressLimits{rate: newRate(1, 10)}
	at := instant(1)
	for key := range addressKey(10_000) {
		if a, refused := table.enter(key, l, at); refused == nil {
			a.leave()
		}
		at = at.add(100 * time.Millisecond)
	}
	// Each is settled after a second, in which ten others come.
	if n := len(table.byKey); n > 20 {
		t.Errorf("%d addresses are known", n)
	}
}

// TestAddressesMemory checks how much memory a full table takes.
func TestAddressesMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table := &addresses{}
	for key := range addressKey(3 * maxAddresses) {
		table.enter(key<<32, addressLimits{conns: 1}, 1)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	bytes := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d addresses: %d KiB", len(table.byKey), bytes>>10)
	if len(table.byKey) != maxAddresses || bytes > 10<<20 {
		t.Errorf("%d addresses take %d bytes", len(table.byKey), bytes)
	}
	runtime.KeepAlive(table)
}

// TestRate checks how many units there are at once, and how soon others come.
func TestRate(t *testing.T) {
	r := newRate(4, 3)
	var whole instant
	at := instant(1)
	for i, want := range []time.Duration{0, 0, 0, 250 * time.Millisecond, 500 * time.Millisecond} {
		later, wait := r.take(whole, at, 1)
		if whole = later; wait != want {
			t.Errorf("unit %d: wait %v, want %v", i, wait, want)
		}
	}
	if _, wait := r.take(whole, at.add(750*time.Millisecond), 1); wait != 0 {
		t.Errorf("a unit that has come back: wait %v", wait)
	}
	for _, none := range []float64{0, -1} {
		if _, wait := newRate(none, 1).take(never, 1, 1e18); wait != 0 {
			t.Errorf("rate %v: wait %v", none, wait)
		}
	}
	if _, wait := newRate(1e-300, 1).take(never, -5, 1e300); wait < 0 {
		t.Errorf("a slow rate: wait %v", wait)
	}
}
