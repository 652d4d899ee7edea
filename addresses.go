package airsocket

import (
	"encoding/binary"
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/airsocket/airsocket/handshake"
)

// Errors of connections that are refused because of their address, as handshake errors wrap
// them.
var (
	// ErrConnsPerIP is reported for a connection from an address that already has
	// Server.MaxConnsPerIP connections.
	ErrConnsPerIP = errors.New("airsocket: the address has Server.MaxConnsPerIP connections")
	// ErrHandshakesPerIP is reported for a connection from an address that opens more than
	// Server.HandshakesPerIP.
	ErrHandshakesPerIP = errors.New("airsocket: the address opens more than Server.HandshakesPerIP connections a second")
)

// maxAddresses is how many addresses a Server remembers.
const maxAddresses = 64 << 10

// toldEvery is how often an address that is refused is told why.
const toldEvery = time.Second

// addresses counts the connections of a Server by their addresses.
//
// When it is full, it forgets the address with the fewest connections: one without any if
// there is one, then one with a single connection, and the one that has not been heard of for
// longest among those. The connections of an address that was forgotten no longer count, and
// nobody is refused for it. So a flood from very many addresses locks nobody out, and the only
// thing that it makes the Server forget is what matters least; an address with several
// connections is forgotten only for 65,536 others with as many.
type addresses struct {
	mu    sync.Mutex
	most  int // for tests; 0 means maxAddresses
	byKey map[addressKey]*address
	lists [3]addressList // by the number of connections: none, one, several
}

// An addressKey is an IPv4 address, or the first 64 bits of an IPv6 address, which is what
// one customer has at least. IPv4 has the place of multicast addresses that are not in use.
type addressKey uint64

// nat64 begins the IPv6 addresses that translators make of IPv4 addresses (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// keyOf returns the key of an address as addrOf returns it.
func keyOf(addr netip.Addr) addressKey {
	all := addr.As16()
	if addr.Is4() || nat64.Contains(addr) {
		return math.MaxUint32<<32 | addressKey(binary.BigEndian.Uint32(all[12:]))
	}
	return addressKey(binary.BigEndian.Uint64(all[:8]))
}

// An address is what is known of one address. It stays with the connections that it counts
// when it is forgotten.
type address struct {
	table      *addresses
	next, prev *address // in one of the lists; both nil at its end or if it was forgotten
	key        addressKey
	whole      instant // when all of its handshakes can be made at once again
	told       instant // until when it is not told again why it is refused
	conns      int32
	list       int8 // that it is in; noList if it was forgotten
}

const noList = -1

// addressLimits are the limits of a Server for one address.
type addressLimits struct {
	conns int // 0 means no limit
	rate
}

// limitsByAddress returns the limits for an address, and whether there are any.
func (srv *Server) limitsByAddress() (l addressLimits, some bool) {
	if srv.MaxConnsPerIP <= 0 && !(srv.HandshakesPerIP > 0) {
		return l, false
	}
	burst := float64(srv.HandshakeBurst)
	if burst <= 0 {
		burst = max(10*srv.HandshakesPerIP, 1)
	}
	return addressLimits{max(srv.MaxConnsPerIP, 0), newRate(srv.HandshakesPerIP, burst)}, true
}

// enter counts a connection from key until leave is called. If it is refused, enter returns
// why, and counts it only if the client can be told, which costs more than to close the
// connection: then there are no more connections than one above the limit.
func (t *addresses) enter(key addressKey, l addressLimits, now instant) (a *address, refused *handshake.Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := t.find(key, now)
	defer t.settle(at)
	refused = at.visits(l, now)
	if refused == nil && l.conns > 0 && int(at.conns) >= l.conns {
		refused = errConnsPerIP
	}
	if refused != nil {
		if l.conns > 0 && int(at.conns) > l.conns || !hasPassed(at.told, now) {
			return nil, refused
		}
		at.told = now.add(toldEvery)
	}
	at.conns++
	return at, refused
}

// visit counts a handshake on a connection that enter has counted before.
func (t *addresses) visit(key addressKey, l addressLimits, now instant) *handshake.Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.find(key, now)
	defer t.settle(a)
	return a.visits(l, now)
}

// leave undoes enter. It does nothing if a is nil.
func (a *address) leave() {
	if a == nil {
		return
	}
	t := a.table
	t.mu.Lock()
	defer t.mu.Unlock()
	if a.conns--; a.list == noList {
		return
	}
	t.settle(a)
	if a.conns == 0 && (a.whole == never && a.told == never || a.isSettled(now())) {
		t.forget(a)
	}
}

var errConnsPerIP = &handshake.Error{Status: http.StatusTooManyRequests, Reason: "too many connections from your address", Err: ErrConnsPerIP}

// visits takes one handshake, or returns why it is refused.
func (a *address) visits(l addressLimits, now instant) *handshake.Error {
	later, wait := l.take(a.whole, now, 1)
	if wait == 0 {
		a.whole = later
		return nil
	}
	seconds := strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
	return &handshake.Error{
		Status: http.StatusTooManyRequests,
		Reason: "too many new connections from your address",
		Header: handshake.Header{{Name: "Retry-After", Value: seconds}},
		Err:    ErrHandshakesPerIP,
	}
}

// isSettled reports whether nothing but the number of connections is known of a.
func (a *address) isSettled(now instant) bool {
	return hasPassed(a.whole, now) && hasPassed(a.told, now)
}

// hasPassed reports whether t is never or has come.
func hasPassed(t, now instant) bool { return t == never || t <= now }

// find returns the address for key, which it makes if there is none. Each call that makes
// one forgets up to two of which nothing is left to know, so that the others go in time.
func (t *addresses) find(key addressKey, now instant) *address {
	if a := t.byKey[key]; a != nil {
		return a
	}
	for range 2 {
		if a := t.lists[0].first; a != nil && a.isSettled(now) {
			t.forget(a)
		}
	}
	most := maxAddresses
	if t.most > 0 {
		most = t.most
	}
	for i := range t.lists {
		for len(t.byKey) >= most && t.lists[i].first != nil {
			t.forget(t.lists[i].first)
		}
	}
	a := &address{table: t, key: key, list: noList}
	if t.byKey == nil {
		t.byKey = make(map[addressKey]*address)
	}
	t.byKey[key] = a
	a.list = 0
	t.lists[0].push(a)
	return a
}

// settle puts a at the end of the list for its number of connections.
func (t *addresses) settle(a *address) {
	t.lists[a.list].remove(a)
	a.list = int8(min(a.conns, int32(len(t.lists)-1)))
	t.lists[a.list].push(a)
}

func (t *addresses) forget(a *address) {
	t.lists[a.list].remove(a)
	a.list = noList
	delete(t.byKey, a.key)
}

// An addressList is a list of addresses, the one that has not been heard of for longest
// first.
type addressList struct{ first, last *address }

func (l *addressList) push(a *address) {
	if a.prev = l.last; a.prev != nil {
		a.prev.next = a
	} else {
		l.first = a
	}
	l.last = a
}

func (l *addressList) remove(a *address) {
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		l.first = a.next
	}
	if a.next != nil {
		a.next.prev = a.prev
	} else {
		l.last = a.prev
	}
	a.next, a.prev = nil, nil
}
