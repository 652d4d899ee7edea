// Package interop tests the library, and the command's page, with implementations
// that were not written here: WebSocket libraries, a browser and proxies. They run
// as separate processes on loopback.
//
// A test looks for its peer, in the PATH and nowhere else, before it starts
// anything. Without the peer it is skipped, or fails if the environment has
// AIRSOCKET_INTEROP=required. bash .ci/run installs all peers; those from npm are in
// testdata/peers, where peer.js describes how a test drives them.
package interop
