package airsocket

import (
	"context"
	"crypto/tls"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/airsocket/airsocket/handshake"
)

// Reconnect configures how a client's Socket connects again when its connection has
// ended or could not be opened. The Socket keeps its URL, unless Renew returns another,
// and its handlers. Each connection has its own open, error and close events. The close
// event says whether another attempt follows; its PreventDefault method prevents that
// attempt. Until the next attempt the Socket is connecting, and Run waits for it.
//
// The Socket does not connect again
//
//   - after the program has called Close or Drop. During the wait before an attempt
//     these end the wait, with error and close events as for an attempt;
//   - after a clean close with status code 1000, by which the peer says that the
//     purpose of the connection has been fulfilled (RFC 6455, section 7.4.1);
//   - when the server or a proxy refuses permanently, with a status below 500
//     other than 408, 425 and 429. If there is a Renew function, this ends only the
//     attempts for which it was called: the one that Connect makes is followed by one
//     with what Renew returns;
//   - when Renew returns an error that wraps ErrAborted;
//   - when the server's certificate cannot be verified;
//   - when the context of ConnectContext is done before the first connection is
//     open;
//   - when a handler of the close event has itself called Connect.
//
// The wait before an attempt is random, between zero and a bound that grows from Min by
// Factor up to Max (exponential backoff with full jitter), so that the clients of a
// server that restarts do not all connect at once. The time that a refusal with status
// 429 or 503 gives in Retry-After (RFC 9110, section 10.2.3) is added to it, but the
// sum is at most Max. The bound starts again at Min after a connection that was open
// for at least Min.
type Reconnect struct {
	Min    time.Duration // the first bound; zero or less means 1 s
	Max    time.Duration // the longest wait; zero or less means 30 s
	Factor float64       // by which the bound grows; less than 1 means 2

	// MaxAttempts is the number of attempts after which the Socket gives up,
	// counted since the last connection that was open for at least Min. Zero or
	// less means no limit.
	MaxAttempts int

	// Renew returns the URL and the header fields for the next attempt, for instance
	// with a new token. It is called before each attempt but the first one after
	// Connect, when the wait is over, in the goroutine of the attempt and not in a turn.
	// It may block, and must return when ctx is done: after Close, after Drop, and when
	// the attempt, of which it is a part, has taken longer than Options.HandshakeTimeout.
	// It may call the methods of s; URL returns that of the attempt before. One Renew
	// may serve many sockets, and is then called for several of them at the same time.
	//
	// The header takes the place of Options.Header. An empty url and a nil header leave
	// each as it was in the attempt before. If Renew returns an error, or a URL or header
	// that Connect would refuse, the attempt has failed: the error event reports the
	// error, wrapped, and the next attempt follows as after other failures. To give up,
	// return an error that wraps ErrAborted. With Options.Recover a panic counts as an
	// error, a *PanicError; without it, it ends the program. Nil means that all attempts
	// are alike.
	Renew func(ctx context.Context, s *Socket) (url string, header http.Header, err error)

	random func() float64 // in [0, 1); nil means math/rand
}

// The defaults of Reconnect.
const (
	defaultReconnectMin = time.Second
	defaultReconnectMax = 30 * time.Second
)

func (r *Reconnect) min() time.Duration {
	if r.Min <= 0 {
		return defaultReconnectMin
	}
	return r.Min
}

func (r *Reconnect) max() time.Duration {
	if r.Max <= 0 {
		return defaultReconnectMax
	}
	return r.Max
}

// wait returns how long to wait after the given number of failed attempts, if the
// server has asked for the given time.
func (r *Reconnect) wait(failed int, asked time.Duration) time.Duration {
	factor := r.Factor
	if !(factor >= 1) {
		factor = 2
	}
	random := r.random
	if random == nil {
		random = rand.Float64
	}
	longest := r.max()
	bound := min(float64(r.min())*math.Pow(factor, float64(failed)), float64(longest))
	return asked + min(time.Duration(random()*bound), longest-asked) // cannot overflow
}

// retries holds the state of Options.Reconnect for a Socket. It is guarded by
// lifetime.mu.
type retries struct {
	again     func(e *CloseEvent, before *opening) // makes the attempt that plan has decided on
	ctx       context.Context                      // ends the attempts
	protocols []string
	renewed   *renewal  // for the next attempt; nil before Renew has returned
	failed    int       // attempts since the last connection that was open for at least Min
	opened    int       // how many connections were opened
	since     time.Time // when the last one was opened
	closed    bool      // Close or Drop was called
}

// newRetries returns the state for policy, or nil if policy is nil.
func newRetries(policy *Reconnect, ctx context.Context, protocols []string, again func(*CloseEvent, *opening)) *retries {
	if policy == nil {
		return nil
	}
	return &retries{again: again, ctx: ctx, protocols: protocols}
}

// begun records that a connection is open. From now on the context that was passed
// to ConnectContext has no effect.
func (r *retries) begun() {
	r.opened++
	r.since = time.Now()
	r.ctx = context.WithoutCancel(r.ctx)
}

// stop prevents further attempts, after a call of Close or Drop.
func (r *retries) stop() {
	if r != nil {
		r.closed = true
	}
}

// plan decides, when a connection has ended with e and err, whether there will be
// another one, and sets the fields of e accordingly.
func (r *retries) plan(policy *Reconnect, e *CloseEvent, wasOpen bool, err error) bool {
	switch {
	case r == nil, r.closed, r.ctx.Err() != nil:
		return false
	case e.WasClean && e.Code == StatusNormalClosure:
		return false
	case !wasOpen && permanent(err) && !r.renewable(policy, err):
		return false
	case wasOpen && time.Since(r.since) >= policy.min():
		r.failed = 0
	}
	if policy.MaxAttempts > 0 && r.failed >= policy.MaxAttempts {
		return false
	}
	e.WillReconnect, e.ReconnectIn = true, policy.wait(r.failed, retryAfter(err))
	r.failed++
	return true
}

// permanent reports whether an opening handshake that failed with err would
// fail again.
func permanent(err error) bool {
	if e, ok := errors.AsType[*renewError](err); ok {
		return errors.Is(e, ErrAborted)
	}
	if status, _ := refusal(err); status != 0 {
		switch status {
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
			return false
		}
		return status < 500
	}
	_, bad := errors.AsType[*tls.CertificateVerificationError](err)
	return bad
}

// refusal returns the status with which a server or a proxy has refused, and its
// Retry-After field. The status is 0 if there was no refusal.
func refusal(err error) (status int, after string) {
	if p, ok := errors.AsType[*ProxyError](err); ok && p.Status != 0 {
		return p.Status, p.Header.Get("Retry-After")
	}
	if h, ok := errors.AsType[*handshake.Error](err); ok {
		return h.Status, h.Header.Get("Retry-After")
	}
	return 0, ""
}

// retryAfter returns the time that a refusal has asked for, or 0.
func retryAfter(err error) time.Duration {
	status, after := refusal(err)
	if after == "" || status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0
	}
	if seconds, err := strconv.ParseUint(after, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(after); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
