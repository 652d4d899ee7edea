package airsocket_test

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
)

// The ends that are other ones with RulesBrowser.
var (
	// A connection that this end has failed ends at once, with 1006 (RFC 6455, section 7.1.5).
	failedHere = regexp.MustCompile(`(error\((?:protocol|rate limit|idle timeout|message timeout|pong timeout)\)) (\| )?close \d+ "[^"]*" unclean`)

	// There is no error event for an open connection that the network ends, or if the peer has
	// closed it (WHATWG WebSockets, section 4).
	notTold = regexp.MustCompile(`error\((?:unsent, )?(?:unexpected end|reading|writing|close timeout)\) |error\([^)]*\) (close 1001)`)
)

// silentSends are the acts that return no error when the socket is closing or closed (WHATWG
// WebSockets, section 3.1, send).
const silentSends = "Send SendBytes SendMessageText SendMessageBinary SendPrepared WriteFails"

// asBrowser returns the state as it is with RulesBrowser.
func (st socketState) asBrowser() socketState {
	if strings.HasSuffix(st.name, "in OnError") {
		st.ready = airsocket.StateClosed
		st.noActs += " " + starts   // see TestBrowserConnectInTheErrorEvent
		st.noActs += " " + timesOut // the writer of the close frame may wait for the turn
	}
	return st
}

// rowAsBrowser returns what the row of an act says with RulesBrowser. idle is that of an act
// which does nothing.
func (st *socketState) rowAsBrowser(role, act string, row, idle stateRow) stateRow {
	is := func(acts string) bool { return slices.Contains(strings.Fields(acts), act) }
	if errors.Is(row.err, airsocket.ErrClosed) && is(silentSends) {
		row.err = nil
	}
	if act == "Close0" && role == "client" && st.ready != airsocket.StateInit {
		row = stateRow{err: airsocket.ErrCode, then: idle.then}
	}
	row.then = failedHere.ReplaceAllString(row.then, `$1 close 1006 "" unclean $2`)
	row.then = strings.ReplaceAll(row.then, broken, refused)
	wasOpen := st.ready != airsocket.StateConnecting && !strings.HasPrefix(st.name, "failed opening")
	if before, after, ok := strings.Cut(row.then, "open"); ok && !wasOpen {
		row.then = before + "open" + notTold.ReplaceAllString(after, "$1")
	} else if wasOpen && !(is("ServerClose ServerCloseDrop") && st.ready == airsocket.StateOpen) { // which fails it
		row.then = notTold.ReplaceAllString(row.then, "$1")
	}
	if strings.HasSuffix(st.name, "a broken rule follows") { // the error event comes at the end, with what came first
		row.then = strings.Replace(row.then, "error(protocol)", "error(unsent, writing)", 1)
	}
	if strings.HasSuffix(st.name, "in OnError") { // where nobody is waited for
		row.then = strings.TrimPrefix(row.then, "| ")
		row.then = strings.Replace(row.then, "unclean resumed", "unclean | resumed", 1)
	}
	row.then = strings.Join(strings.Fields(row.then), " ")
	row.then = strings.TrimSuffix(row.then, " |")
	return row
}

// The table of all states and calls is the same with RulesBrowser but for what the
// documentation says.
func TestEveryStateAndEveryCallAsBrowser(t *testing.T) {
	for _, st := range allStates() {
		for _, role := range []string{"client", "server"} {
			if st.roles != "" && st.roles != role {
				continue
			}
			rows := st.rowsFor(t, role)
			st := st.asBrowser()
			for _, act := range slices.Sorted(maps.Keys(rows)) {
				if !st.applies(act, role) {
					continue
				}
				t.Run(st.name+"/"+role+"/"+act, func(t *testing.T) {
					st.test(t, role, act, airsocket.RulesBrowser, st.rowAsBrowser(role, act, rows[act], rows["Flush"]))
				})
			}
		}
	}
}
