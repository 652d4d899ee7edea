// Package serving tests how a Server serves its connections: what those that wait cost,
// handlers that block, the ends of connections, descriptors and listeners. The tests of
// one subject run in each way in which a Server can get its connections, see
// wstest.Ways.
package serving
