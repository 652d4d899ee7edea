// Package workers serves descriptors that are ready. A connection that waits costs its
// [Task], a slot of a table and a registration with the kernel, but no goroutine. When
// there is something to read, one of a few workers calls its [Server].
//
// # Leader and followers
//
// At any time one worker at most, the leader, waits for the kernel. It takes a share of
// what has become ready, leaves the rest and the waiting to others, and serves its share.
// Afterwards it looks for more, waits for the kernel itself if nobody else does, or
// parks. For a single event nobody else is woken: serving it and polling again costs
// less than waking another worker would.
//
// A connection that has more to do after its turn goes to the end of later. Whenever the kernel
// has been asked, what it reports goes to ready, and then one event of later follows. What the
// kernel reports of a connection in later is dropped, as that is called anyway. So a connection
// with something new does not wait for all those that never stop, and these still go on.
//
//	                      later ◀─────────────── more to do
//	                        ▼                          │
//	kernel ──▶ leader ──▶ ready ──▶ shares of the workers ──▶ In, Out
//	              ▲                   │           ▲
//	              └── parked workers ◀┘           │ what a worker that is held up
//	                                              │ has not begun goes back to ready
//	                                           monitor
//
// # The monitor
//
// A Server may block. While any worker serves, the monitor looks at the workers about
// each millisecond. A worker that has not made progress between two looks is detached: it
// no longer counts, the rest of its share is given to others, and another worker takes
// its place. If workers keep being held up, the monitor starts more of them with each
// look, so that a thousand calls that block at once are out of the way within some
// twenty looks. A detached worker ends when its call returns and its place is taken.
//
// In a process in which nothing happens, the leader sleeps in the kernel, the monitor
// sleeps on a channel, no other worker is left and no timer is running.
//
// # No event is lost
//
// Events are edge-triggered: the kernel reports a change once. So each place where an
// event can be has somebody who will look at it:
//
//   - An event in a share is served by its worker, or the monitor takes it back.
//   - An event in ready or later is taken by a worker that looks for more. There is one as
//     long as nobody polls: an active worker parks or ends only while another one polls, and
//     nothing is in the queues, and a detached one ends when another has its place. Whoever
//     adds to them while somebody polls also wakes a parked worker or interrupts the poll.
//   - An event for a Task that is being served is kept as a bit of the Task's state. The
//     server of the Task can stop only by a compare-and-swap that fails if the bit is set.
//   - An event for a Task that has been put off is dropped, but for what it says of the end
//     of the stream: the Task's event in later leads to a call that comes after it.
//   - A worker whose goroutine ends in a call (runtime.Goexit) gives its share back and
//     starts another worker.
//
// # Bubbles of testing/synctest
//
// A goroutine belongs to the bubble of the goroutine that started it. So workers are
// started only by workers, by the monitor, and by the first [Task.Add], which fails
// inside a bubble. [Task.Wake] starts none.
package workers
