//go:build linux

package workers_test

import (
	"io"
	"net"
	"testing"
	"time"
)

// BenchmarkHeldUp reports how long a connection waits for an echo, at worst, while a
// thousand calls for others begin to block at once.
func BenchmarkHeldUp(b *testing.B) {
	const n = 1000
	var worst, sum time.Duration
	for range b.N {
		other, otherPeer := add(b, echo)
		block, blocked := make(chan bool), make(chan bool, n)
		var all []*served
		var peers []net.Conn
		for range n {
			s, peer := add(b, func(s *served, _ bool) {
				blocked <- true
				<-block
				s.end()
			})
			all, peers = append(all, s), append(peers, peer)
		}
		for _, s := range all {
			s.Wake()
		}
		longest := time.Duration(0)
		for len(blocked) < n {
			begin := time.Now()
			var p [1]byte
			otherPeer.Write(p[:])
			if _, err := io.ReadFull(otherPeer, p[:]); err != nil {
				b.Fatal(err)
			}
			longest = max(longest, time.Since(begin))
		}
		worst, sum = max(worst, longest), sum+longest
		close(block)
		for i, s := range all {
			<-s.ended
			peers[i].Close()
		}
		otherPeer.Close()
		<-other.ended
	}
	b.ReportMetric(float64(worst.Milliseconds()), "worst-ms")
	b.ReportMetric(float64(sum.Milliseconds())/float64(b.N), "longest-ms")
}
