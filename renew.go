package airsocket

import (
	"context"
	"net/http"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/dial"
)

// A renewal is what Reconnect.Renew has returned: the header of the next attempts. Their
// URL is in the opening.
type renewal struct{ header handshake.Header }

// A renewError reports that Reconnect.Renew has failed.
type renewError struct{ err error }

func (e *renewError) Error() string { return "airsocket: Reconnect.Renew: " + e.err.Error() }

func (e *renewError) Unwrap() error { return e.err }

// renewable reports whether the next attempt may succeed although err is permanent,
// because it is the refusal of an attempt without what Renew returns.
func (r *retries) renewable(policy *Reconnect, err error) bool {
	status, _ := refusal(err)
	return policy.Renew != nil && r.renewed == nil && status != 0
}

// nextAttempt calls Renew, and returns the attempt for the opening o.
func (s *Socket) nextAttempt(ctx context.Context, o *opening) (*dial.Attempt, error) {
	renew := s.opts.Reconnect.Renew
	if renew == nil {
		return s.opts.newAttempt(o.url, wireHeader(s.opts.Header), o.retries.protocols)
	}
	url, header, err := s.callRenew(ctx, renew)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, &renewError{err}
	}
	o.renew(s, url, header)
	a, err := s.opts.newAttempt(o.url, o.retries.renewed.header, o.retries.protocols)
	if err != nil {
		return nil, &renewError{err}
	}
	o.setURL(s, a.URL())
	return a, nil
}

// setURL makes url the one that s.URL returns.
func (o *opening) setURL(s *Socket, url string) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	o.url = url
}

// callRenew calls renew. With Options.Recover a panic becomes an error.
func (s *Socket) callRenew(ctx context.Context, renew func(context.Context, *Socket) (string, http.Header, error)) (url string, header http.Header, err error) {
	if s.opts.Recover {
		defer func() {
			if v := recover(); v != nil {
				err = newPanicError(v)
			}
		}()
	}
	return renew(ctx, s)
}

// renew makes url and header those of the attempt that s makes for o, and of the next
// ones. They stay as they were if they are empty and nil.
func (o *opening) renew(s *Socket, url string, header http.Header) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if url != "" {
		o.url = url
	}
	switch r := o.retries; {
	case header != nil:
		r.renewed = &renewal{wireHeader(header)}
	case r.renewed == nil:
		r.renewed = &renewal{wireHeader(s.opts.Header)}
	}
}
