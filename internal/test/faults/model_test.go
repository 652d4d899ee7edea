package faults

import (
	"fmt"
	"slices"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// The codes with which the ends close.
const (
	clientCode = 3001
	serverCode = 4001
)

// An outcome is what a round has led to, for the model.
type outcome struct {
	plan
	version wire.Version
	secure  bool
	fired   bool
	closers [2]bool // which ends have called Close
	drops   [2]bool // or Drop
	before  bool    // the fault came before any of them
	hasty   bool    // times are so short that they may run out
	passed  [2]int  // bytes of the last phase
	ends    [2]*end
}

// codes are those with which the end on side i may close cleanly: that of the other end, if
// that has closed, or its own, which the other has sent back.
func (o *outcome) codes(i int) (codes []airsocket.StatusCode) {
	if o.version < wire.Hybi06 { // which have no codes
		if o.closers[0] || o.closers[1] || o.drops[0] || o.drops[1] || o.version == wire.Hixie75 && (o.fired || o.hasty) {
			return []airsocket.StatusCode{airsocket.StatusNoStatusReceived}
		}
		return nil
	}
	if o.version <= wire.Hybi08 && o.closers[i] && o.breaksOff(i) {
		codes = append(codes, airsocket.StatusNoStatusReceived) // the end of the stream is an answer
	}
	for side, code := range []airsocket.StatusCode{clientCode, serverCode} {
		if o.closers[side] || o.drops[side] {
			codes = append(codes, code)
		}
	}
	return codes
}

// answeredByEnd reports whether the end on side i has taken the end of the stream for the
// answer to its close frame, or in hixie-75 for a close frame.
func (o *outcome) answeredByEnd(i int, c airsocket.CloseEvent) bool {
	return o.breaksOff(i) && c.WasClean && c.Code == airsocket.StatusNoStatusReceived &&
		(o.version == wire.Hixie75 || o.version <= wire.Hybi08 && o.closers[i])
}

// breaksOff reports whether the end on side i may have come to the end of the stream without
// a close frame: by the fault, or because the other end has given up.
func (o *outcome) breaksOff(i int) bool { return (o.fired || o.hasty) && !o.resets(i) }

// resets reports whether the fault resets the end on side i.
func (o *outcome) resets(i int) bool {
	return o.fault == reset || o.fault == resetOne && i == 1-int(o.dir)
}

// length returns how long a close frame of the end on side i is, with a code and without a
// reason.
func (o *outcome) length(i int) int {
	switch {
	case o.version < wire.Hybi06:
		return 2
	case i == 0:
		return 8 // with a mask
	}
	return 4
}

// reached reports whether the close frame of the end on side i has come to the other one.
// It is known only if just one of them has called Close, without TLS.
func (o *outcome) reached(i int) (yes, known bool) {
	known = o.at == closing && !o.secure && o.closers[0] != o.closers[1] && !o.drops[0] && !o.drops[1] && o.version >= wire.Hixie76
	return o.passed[i] >= o.length(i), known
}

// check returns what is wrong with how the end on side i has ended, or "".
func (o *outcome) check(i int) string {
	e := o.ends[i]
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.closes) != 1 {
		return fmt.Sprintf("%d close events", len(e.closes))
	}
	if len(e.errs) > 1 {
		return fmt.Sprintf("%d error events: %v", len(e.errs), e.errs)
	}
	c, broken := e.closes[0], o.fired || o.hasty || o.drops[0] || o.drops[1]
	switch {
	case !broken && (!c.WasClean || e.opens != 1):
		return "not clean, although nothing has happened to it"
	case e.opens == 0 && (c.WasClean || c.Code != airsocket.StatusAbnormalClosure || len(e.errs) != 1):
		return "was never open"
	case e.opens == 0:
		return ""
	case c.WasClean && len(e.errs) > 0:
		return "clean, with an error"
	case !c.WasClean && len(e.errs) == 0 && !e.byDrop:
		return "not clean, without an error"
	case e.byDrop && !c.WasClean && len(e.errs) == 0 && slices.Contains([]airsocket.StatusCode{clientCode, serverCode}, c.Code):
		return ""
	case c.WasClean && !slices.Contains(o.codes(i), c.Code):
		return "clean, with a code that nobody has sent"
	case !c.WasClean && c.Code != airsocket.StatusAbnormalClosure && !slices.Contains(o.codes(i), c.Code):
		return "a code that nobody has sent"
	case c.WasClean && o.fired && o.before && o.fault != stall && o.version != wire.Hixie75:
		return "clean, although the connection had broken before"
	case c.WasClean && o.fired && o.before && o.resets(i):
		return "clean, although it was reset"
	}
	return o.checkFrames(i, c)
}

// checkFrames is check where the bytes that have passed tell which close frames have.
func (o *outcome) checkFrames(i int, c airsocket.CloseEvent) string {
	got, known := o.reached(1 - i)
	if o.answeredByEnd(i, c) {
		return ""
	}
	switch gentle := o.fault == halfClose || o.fault == stall || o.fault == none; {
	case !known:
	case c.WasClean && !got:
		return "clean, although no close frame can have come"
	case gentle && o.closers[i] && got && !c.WasClean && !o.hasty:
		return "not clean, although its close frame was answered"
	case gentle && o.closers[1-i] && got && !slices.Contains(o.codes(i), c.Code) && !o.hasty:
		return "not the code that has come"
	case !got && c.Code != airsocket.StatusAbnormalClosure:
		return "not 1006, although no close frame can have come"
	}
	return ""
}

// lost returns what is wrong with the messages that have come to the end on side i.
func (o *outcome) lost(i int) string {
	to, from := o.ends[i], o.ends[1-i]
	to.mu.Lock()
	got, left := to.got, to.byClose || to.byDrop
	failed := len(to.closes) == 1 && !to.closes[0].WasClean
	if to.hooked && !to.byDrop && len(to.closes) == 1 && !failed { // it has read to the end
		got, left = max(got, to.counted), false
	}
	to.mu.Unlock()
	from.mu.Lock()
	defer from.mu.Unlock()
	clean := len(from.closes) == 1 && from.closes[0].WasClean && !o.answeredByEnd(1-i, from.closes[0])
	if o.version == wire.Hixie75 && failed {
		clean = false // any end of the stream is a clean close there
	}
	switch {
	case got > from.accepted:
		return fmt.Sprintf("%d messages have come of %d", got, from.accepted)
	case got < from.accepted && clean && !left:
		return fmt.Sprintf("only %d messages have come of %d, and the other end has closed cleanly", got, from.accepted)
	}
	return ""
}
