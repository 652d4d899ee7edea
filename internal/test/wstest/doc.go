// Package wstest contains what the tests of this module share: peers that do not
// use the library, journals of events, servers, connections and certificates.
//
// Most functions take the test that calls them. It fails when something goes
// wrong, and what they start ends with the test. No function uses the default
// Dispatcher.
package wstest
