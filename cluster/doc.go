// Package cluster connects the Servers of several processes and machines over NATS: what
// is published under a topic on one of them reaches the subscribers of all.
//
//	plane, err := cluster.Connect("nats://10.0.0.1,nats://10.0.0.2", "chat", nats.UserCredentials("chat.creds"))
//	if err != nil {
//		log.Fatal(err)
//	}
//	srv := &airsocket.Server{Backplane: plane}
//
// Nothing else changes: [airsocket.Socket.Subscribe], [airsocket.Socket.Publish] and
// [airsocket.Server.Publish] are used as on a single machine. Subscribers in the process
// that publishes are served directly, without NATS. A message crosses the network once for
// each process with subscribers, as it was published; each process frames and compresses it
// for its own sockets.
//
// # What is promised
//
// A message is delivered at most once. What one process publishes arrives in the same order
// at each subscriber of another process, as long as it is connected to the same NATS server.
// If it goes on at another server of a cluster of them, what it has published just before can
// arrive late, after messages that it publishes there. The messages of different processes
// have no common order: two subscribers can see them in different orders.
//
// A message can be lost. Publish returns an error if it knows that a message does not go
// out, and the subscribers of its own process have got it nevertheless. It returns nil for
// messages that are lost later: when the connection to NATS breaks before they are written
// or while they are on the way, when NATS refuses them for want of a permission, which
// nats.ErrorHandler is told, when NATS cuts off a process that reads too slowly, and when a
// process cannot deliver as fast as it receives. [NATS.Stats] counts those that this process
// knows of. Messages that are published while a subscriber's process is not connected
// are not delivered to it later.
//
// A connection over which nothing comes any more, because a cable was pulled for example, is
// given up after a minute. Until then Publish returns nil, until its queue is full, and what
// it has accepted is lost.
//
// After an interruption nats.go connects again, without a limit on the number of attempts,
// also when NATS refuses its credentials meanwhile, and renews the subscriptions. Until then Publish fails with [ErrDisconnected]: messages
// are not held back to be sent late.
//
// Where that is not enough, keep the messages outside: in NATS JetStream, Kafka, Redis
// Streams or a database. Number them, publish them here as well, and let a client that
// finds a gap, or has been away, ask for what it has missed. Centrifugo, or a hosted service
// such as Ably, does that for you.
//
// # Topics
//
// The subject of a topic is the name of the cluster, a dot, and the name of the topic, in
// which every byte other than an ASCII letter, a digit, '-', '_', '/', ':' or '@' is replaced by
// '%' and two hexadecimal digits; the empty name becomes a single '%'. The subject of the
// topic "news/1 June" of the cluster "chat" is "chat.news/1%20June". Its payload is a letter,
// T for text and B for binary messages, and the message. So other programs can publish to
// sockets, and permissions can be given for "chat.>".
//
// A topic whose encoded name is longer than [MaxTopic] bytes has no subject; its messages
// stay in the process.
//
// Whoever may publish under these subjects can send messages to all subscribers. Use an
// account of its own, and TLS, where NATS is shared or the network is not trusted.
package cluster
