// Package wstest is shared by the tests of this module: peers that know nothing of
// the library, journals of events, servers, connections and certificates.
//
// Most functions take the test that calls them: it fails when something goes wrong
// and, when it ends, what they started ends too. Nothing uses the default
// Dispatcher.
package wstest
