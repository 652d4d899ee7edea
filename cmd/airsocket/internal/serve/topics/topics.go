// Package topics passes the messages of each client on to others.
package topics

import (
	"net/url"

	"github.com/airsocket/airsocket"
)

// Broadcast makes s a member of the one topic that all clients have.
func Broadcast(s *airsocket.Socket) { join(s, "") }

// ByPath makes s a member of the topic that the path of its URL names.
func ByPath(s *airsocket.Socket) { join(s, path(s)) }

// path returns the path that the client has asked for, without the query.
func path(s *airsocket.Socket) string {
	req := s.Request()
	if req == nil {
		return "/"
	}
	target, err := url.ParseRequestURI(req.Target)
	if err != nil {
		return req.Target
	}
	return target.Path
}

// join makes s receive what others send to a topic, and send to it. Clients whose version of
// the protocol has no binary messages do not get them.
func join(s *airsocket.Socket, topic string) {
	s.OnOpen(func(*airsocket.OpenEvent) { s.Subscribe(topic) })
	s.OnMessage(func(e *airsocket.MessageEvent) { s.Publish(topic, e.Kind(), e.Bytes()) })
}
