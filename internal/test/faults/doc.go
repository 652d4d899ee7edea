// Package faults holds tests of connections that break: a proxy between the ends delays,
// cuts, ends and resets them at every stage, handlers misbehave in every event, and the
// process runs out of descriptors. They check that each connection ends with one close
// event that says what has happened, that nothing is left of it, and that no message is
// lost without being told of.
package faults
