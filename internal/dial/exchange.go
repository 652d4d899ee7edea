package dial

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
)

// Feed reads bytes of the response. It returns nil as long as the response is not complete,
// and the Result when the connection is open; from then on ctx has no effect. Pass an error
// to Failed.
func (a *Attempt) Feed(ctx context.Context, p []byte) (*Result, error) {
	rest, done, err := a.client.Feed(p)
	if err != nil {
		return nil, a.withHint(err, p)
	}
	if !done {
		return nil, nil
	}
	res := &Result{Answer: a.client.Result(), Rest: slices.Clone(rest)}
	if res.Sessions, err = extensions.Accept(a.cfg.Extensions, res.Answer.Extensions); err != nil {
		return nil, err
	}
	if !a.unwatch() {
		return nil, context.Cause(ctx)
	}
	a.Release()
	keepCookies(a.cfg.Jar, a.to, res.Answer.Header)
	return res, nil
}

// Unread returns the error to pass to Failed if reading the response has failed with err. A
// refusal with an incomplete body is still a refusal.
func (a *Attempt) Unread(err error) error {
	if end := a.client.FeedEOF(); err == io.EOF || errors.Is(end, handshake.ErrStatus) {
		err = end
	}
	return a.withHint(err, nil)
}

// Failed is called when the handshake has failed with err. If that is a redirect to follow,
// again is true: close the connection and call Request again. Otherwise Failed returns the
// error to report. If ctx is done, that is the cause of ctx, unless the server has already
// refused. Otherwise it wraps ErrRedirect, a *handshake.Error if the server refuses or
// breaks a rule, an error of package extensions, or an error of the connection.
func (a *Attempt) Failed(ctx context.Context, err error) (again bool, reported error) {
	a.Release()
	a.unwatch()
	keepCookies(a.cfg.Jar, a.to, a.client.Result().Header)
	if a.isRedirect(err) {
		if err = a.redirect(err, a.redirects); err == nil {
			a.redirects++
			return true, nil
		}
	}
	return false, reason(ctx, err)
}
