// Package fetch has the function fetch, with the classes Headers and Response (Fetch
// standard, sections 5 and 6), on top of net/http. The body of a response is read before the
// promise is resolved. Requests to other origins are sent as those to the own one.
package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot/internal/blob"
	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/realm"
	"github.com/airsocket/airsocket/bot/internal/urls"
)

// The limits of a Realm.
const (
	MaxBody     = 16 << 20        // bytes in the body of a response
	MaxRequests = 100             // requests at the same time
	timeout     = 5 * time.Minute // of a request, with its response
)

// Key is the place of the Config of a Realm.
var Key = realm.NewKey(func(*realm.Realm) *Config { return new(Config) })

// A Config is what the requests of a Realm have in common.
type Config struct {
	Client *http.Client
}

// Globals are the function and the classes of this package.
var Globals = []realm.Global{
	headersClass.Global(),
	responseClass.Global(),
	{Name: "fetch", Build: func(r *realm.Realm) goja.Value {
		return r.Func("fetch", 1, func(_ goja.Value, args []goja.Value) (promise goja.Value) {
			var req *request
			if ex := r.Try(func() { req = newRequest(r, args) }); ex != nil {
				return r.Rejected(ex.Value())
			}
			return req.send()
		})
	}},
}

// A request is a call of fetch.
type request struct {
	realm           *realm.Realm
	http            *http.Request
	redirect        string
	origin          string // of the page; "" if there is none
	referrer        string // the URL of the page, or ""
	crossed         bool   // a request goes to another origin than that of the page, or has
	signal          *events.Signal
	cancel          context.CancelFunc
	resolve, reject func(any) error
	timer           *airsocket.Timer // keeps the event loop from ending
	forget          func()           // about the signal; may be nil
	redirected      bool
	done            bool
}

func newRequest(r *realm.Realm, args []goja.Value) *request {
	if len(args) == 0 {
		panic(r.NewTypeError("Failed to execute 'fetch': 1 argument required, but only 0 present."))
	}
	options, page := realm.Arg(args, 1), urls.Base.In(r)
	address := r.Text(args[0])
	u, err := page.Parse(address)
	if err != nil || u.Scheme() != "http" && u.Scheme() != "https" {
		panic(r.NewTypeError("Failed to fetch: '" + address + "' is no URL of http or https"))
	}
	if u.Username() != "" || u.Password() != "" {
		panic(r.NewTypeError("Failed to execute 'fetch': the URL has a user or a password: " + address))
	}
	method := "GET"
	if v := realm.Member(r, options, "method"); !goja.IsUndefined(v) {
		method = methodOf(r, r.Text(v))
	}
	req := &request{realm: r, redirect: "follow"}
	if v := realm.Member(r, options, "redirect"); !goja.IsUndefined(v) {
		req.redirect = redirectOf(r, r.Text(v))
	}
	req.signal = events.SignalOf(r, "fetch", realm.Member(r, options, "signal"))
	body, kind := bodyOf(r, realm.Member(r, options, "body"))
	if body != nil && (method == "GET" || method == "HEAD") {
		panic(r.NewTypeError("Failed to execute 'fetch': Request with GET/HEAD method cannot have body."))
	}
	own := given(r, realm.Member(r, options, "headers"))
	ctx, cancel := context.WithCancel(context.Background())
	req.cancel = cancel
	if req.http, err = http.NewRequestWithContext(ctx, method, u.Href(true), bytes.NewReader(body)); err != nil {
		cancel()
		panic(r.NewTypeError("Failed to fetch: " + err.Error()))
	}
	fields := req.http.Header
	fields.Set("Accept", "*/*")
	if kind != "" {
		fields.Set("Content-Type", kind)
	}
	own.setOn(fields)
	req.origin, req.referrer, req.crossed = page.Origin(), page.Referrer(), !page.HasOriginOf(u)
	req.tellPage(req.http)
	return req
}

// tellPage sets the fields by which a request tells of the page (Fetch, section 3.2, and
// Referrer Policy, strict-origin-when-cross-origin).
func (req *request) tellPage(to *http.Request) {
	origin, referrer := req.origin, req.referrer
	switch {
	case req.crossed && strings.HasPrefix(referrer, "https:") && to.URL.Scheme == "http":
		referrer = ""
	case req.crossed && referrer != "":
		referrer = origin + "/"
	case !req.crossed && (to.Method == "GET" || to.Method == "HEAD"):
		origin = ""
	}
	for name, value := range map[string]string{"Origin": origin, "Referer": referrer} {
		to.Header.Del(name)
		if value != "" {
			to.Header.Set(name, value)
		}
	}
}

// methodOf returns the method that a script has named: in upper case if the Fetch standard,
// section 2.2.1, lists it. It throws if scripts may not use the method.
func methodOf(r *realm.Realm, method string) string {
	switch upper := strings.ToUpper(method); upper {
	case "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT":
		return upper
	case "", "CONNECT", "TRACE", "TRACK":
		panic(r.NewTypeError("Failed to execute 'fetch': '" + method + "' is no method for scripts."))
	}
	return method
}

// redirectOf returns the redirect mode that a script has named. It throws if there is none of
// that name.
func redirectOf(r *realm.Realm, mode string) string {
	switch mode {
	case "follow", "error", "manual":
		return mode
	}
	panic(r.NewTypeError("Failed to execute 'fetch': '" + mode + "' is not a valid enum value of type RequestRedirect."))
}

// bodyOf returns the bytes of a body and its type, or nil if there is none.
func bodyOf(r *realm.Realm, v goja.Value) (body []byte, kind string) {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return nil, ""
	}
	if data, ok := r.Bytes(v); ok {
		return append([]byte{}, data...), ""
	}
	switch state := realm.StateOf(v).(type) {
	case *blob.Blob:
		return append([]byte{}, state.Data...), state.Type
	case *urls.Params:
		return []byte(state.String()), "application/x-www-form-urlencoded;charset=UTF-8"
	}
	return []byte(r.Text(v)), "text/plain;charset=UTF-8"
}

// send sends the request, and returns the promise of its response.
func (req *request) send() goja.Value {
	r, config := req.realm, Key.In(req.realm)
	switch {
	case req.signal != nil && req.signal.Reason() != nil:
		req.cancel()
		return r.Rejected(req.signal.Reason())
	case realm.Tracked[*request](r) >= MaxRequests:
		req.cancel()
		return r.Rejected(r.NewTypeError(fmt.Sprintf("Failed to fetch: there are %d requests already", MaxRequests)))
	}
	var p *goja.Promise
	p, req.resolve, req.reject = r.NewPromise()
	req.timer = r.Dispatcher.SetTimeout(func() {
		r.Task(func() { req.end(nil, errors.New("there was no response in time")) })
	}, timeout)
	r.Track(req)
	if req.signal != nil {
		req.forget = req.signal.Then(func() { req.finish(req.reject, req.signal.Reason()) })
	}
	client := *config.Client
	client.CheckRedirect = req.checkRedirect
	go req.roundTrip(&client)
	return r.ToValue(p)
}

// checkRedirect prepares the next request after a redirect (Fetch, section 4.4). It is not
// called in a turn.
func (req *request) checkRedirect(next *http.Request, via []*http.Request) (err error) {
	switch {
	case req.redirect == "manual":
		return http.ErrUseLastResponse
	case req.redirect == "error":
		return errors.New("the server redirects")
	case len(via) > 20:
		return errors.New("there are too many redirects")
	}
	req.redirected = true
	last := via[len(via)-1]
	// net/http makes a GET of methods that browsers keep.
	if next.Method != last.Method && last.Method != "POST" && next.Response.StatusCode != http.StatusSeeOther {
		next.Method, next.ContentLength, next.GetBody = last.Method, req.http.ContentLength, req.http.GetBody
		if next.Body, err = next.GetBody(); err != nil {
			return err
		}
		if kind := last.Header.Get("Content-Type"); kind != "" {
			next.Header.Set("Content-Type", kind)
		}
	}
	req.crossed = req.crossed || next.URL.Scheme != last.URL.Scheme || next.URL.Host != last.URL.Host
	req.tellPage(next)
	return nil
}

// roundTrip waits for the response. It is not called in a turn.
func (req *request) roundTrip(client *http.Client) {
	resp, err := client.Do(req.http)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
		resp.Body.Close()
		if len(body) > MaxBody {
			err = fmt.Errorf("the body of the response has more than %d bytes", MaxBody)
		}
	}
	req.realm.Dispatcher.Post(func() {
		req.realm.Task(func() { req.end(&response{http: resp, url: urlOf(resp, req.http), body: body}, err) })
	})
}

// urlOf returns the URL of a response, after redirects, without its fragment. A Transport of the
// program need not say which request the response is for.
func urlOf(resp *http.Response, req *http.Request) string {
	if resp != nil && resp.Request != nil {
		req = resp.Request
	}
	u := *req.URL
	u.Fragment, u.RawFragment = "", ""
	return u.String()
}

// end ends the request with a response or an error.
func (req *request) end(resp *response, err error) {
	if req.done {
		return
	}
	r := req.realm
	if err != nil {
		req.finish(req.reject, r.NewTypeError("Failed to fetch: "+err.Error()))
		return
	}
	resp.redirected = req.redirected
	if req.redirect == "manual" && isRedirect(resp.http.StatusCode) {
		resp.opaque, resp.http, resp.body = true, new(http.Response), nil
	}
	req.finish(req.resolve, r.Wrap(responseClass, resp))
}

// isRedirect reports whether a status is a redirect status (Fetch, section 2.2.3).
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// finish settles the promise, unless that has been done.
func (req *request) finish(settle func(any) error, v goja.Value) {
	if req.done {
		return
	}
	req.Stop()
	req.realm.Untrack(req)
	if err := settle(v); err != nil {
		panic(err)
	}
}

// Stop makes a request a realm.Stopper.
func (req *request) Stop() {
	req.done = true
	req.timer.Clear()
	req.cancel()
	if req.forget != nil {
		req.forget()
	}
}
