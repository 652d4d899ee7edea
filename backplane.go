package airsocket

import (
	"sync"

	"github.com/airsocket/airsocket/wire"
)

// A Backplane carries what is published to the Servers of other processes. Package
// github.com/airsocket/airsocket/cluster has one. Its methods must not wait for the
// network, and must not call the Server. They may be called by several goroutines, but
// Subscribe and Unsubscribe one after another.
type Backplane interface {
	// Start is called once, before the other methods. From then on deliver is to be
	// called for each message that another process has published under a topic that is
	// subscribed to, by one goroutine at a time for each publisher, in the order in which
	// it was published. deliver copies data, and does not wait.
	Start(deliver func(topic string, kind wire.Kind, data []byte)) error

	// Subscribe is called when a topic gets its first subscriber in this process, and
	// Unsubscribe when it has lost the last one.
	Subscribe(topic string) error
	Unsubscribe(topic string)

	// Publish sends a message to the other processes, but not back to this one. It does
	// not keep data. The error says that the message may not have gone out.
	Publish(topic string, kind wire.Kind, data []byte) error
}

// A plane is the Backplane of a Server, once it has been started.
type plane struct {
	once   sync.Once
	failed error // of Start
}

// startBackplane returns the Backplane, which it starts when it is called for the first
// time. It returns nil if there is none, or it cannot be started.
func (srv *Server) startBackplane() (Backplane, error) {
	b := srv.Backplane
	if b == nil {
		return nil, nil
	}
	srv.plane.once.Do(func() { srv.plane.failed = b.Start(srv.deliverOthers) })
	if srv.plane.failed != nil {
		return nil, srv.plane.failed
	}
	return b, nil
}

// deliverOthers sends a message that another process has published to the subscribers of
// this one.
func (srv *Server) deliverOthers(topic string, kind wire.Kind, data []byte) {
	if p, err := Prepare(kind, data); err == nil {
		srv.deliver(topic, p, nil)
	}
}
