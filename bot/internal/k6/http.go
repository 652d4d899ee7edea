package k6

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/metrics"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// maxBody is how many bytes of the body of a response a script gets. What follows is not
// read.
const maxBody = 16 << 20

// requestTimeout is how long a request may take if the script does not say.
const requestTimeout = time.Minute

// httpModule is the module k6/http. A request holds up the script, and a goroutine.
func httpModule(v *VU) goja.Value {
	jar, _ := cookiejar.New(nil) // which never fails without options
	client := &http.Client{Jar: jar, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	members := make(map[string]any)
	for name, method := range map[string]string{"get": "GET", "head": "HEAD"} {
		members[name] = func(call goja.FunctionCall) goja.Value {
			return v.request(v.exchange(client, method, call.Argument(0), goja.Undefined(), call.Argument(1)))
		}
	}
	for name, method := range map[string]string{"post": "POST", "put": "PUT", "patch": "PATCH", "del": "DELETE", "options": "OPTIONS"} {
		members[name] = func(call goja.FunctionCall) goja.Value {
			return v.request(v.exchange(client, method, call.Argument(0), call.Argument(1), call.Argument(2)))
		}
	}
	members["request"] = func(call goja.FunctionCall) goja.Value {
		return v.request(v.exchange(client, option(call.Argument(0)), call.Argument(1), call.Argument(2), call.Argument(3)))
	}
	members["batch"] = func(call goja.FunctionCall) goja.Value { return v.batch(client, call.Argument(0)) }
	return v.exports(members)
}

// An exchange is a request and its response.
type exchange struct {
	client   http.Client
	request  *http.Request
	tags     metrics.Tags
	at       timings
	response *http.Response
	data     []byte
	err      error
}

// exchange makes a request, but does not send it.
func (v *VU) exchange(client *http.Client, method string, address, body, params goja.Value) *exchange {
	if v.Init {
		v.fail("requests cannot be made while the script itself runs: make them in a function")
	}
	content, mediaType := v.body(body)
	x := &exchange{client: *client, tags: v.tags}
	var err error
	ctx := httptrace.WithClientTrace(v.Context, x.at.trace())
	if x.request, err = http.NewRequestWithContext(ctx, strings.ToUpper(method), v.Realm.Text(address), content); err != nil {
		v.fail("k6/http: %w", err)
	}
	if mediaType != "" {
		x.request.Header.Set("Content-Type", mediaType)
	}
	if v.Test.UserAgent != "" {
		x.request.Header.Set("User-Agent", v.Test.UserAgent)
	}
	x.client.Timeout, x.client.Transport = requestTimeout, v.Test.Transport
	if o, ok := params.(*goja.Object); ok {
		maps.Copy(x.request.Header, v.header(o.Get("headers"), nil))
		x.tags = x.tags.With(v.tagsOf(o.Get("tags")))
		if t := o.Get("timeout"); t != nil && !goja.IsUndefined(t) && !goja.IsNull(t) {
			x.client.Timeout = v.timeout(t)
		}
		if n := o.Get("redirects"); n != nil && n.ToInteger() == 0 {
			x.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		}
	}
	return x
}

// send sends the request and reads the response. It does not use the engine.
func (x *exchange) send() {
	x.at.begun = time.Now()
	if x.response, x.err = x.client.Do(x.request); x.err == nil {
		x.data, x.err = io.ReadAll(io.LimitReader(x.response.Body, maxBody))
		x.response.Body.Close()
	}
	x.at.ended = time.Now()
}

// request sends a request, counts it, and returns the response as the script wants it.
func (v *VU) request(x *exchange) goja.Value {
	x.send()
	return v.response(x)
}

// Limits of http.batch.
const (
	maxBatch    = 1000 // requests
	maxParallel = 20   // of them that are sent at the same time, as in k6
)

// batch sends the requests in an array or an object, some at the same time, and returns the
// responses in the same shape.
func (v *VU) batch(client *http.Client, requests goja.Value) goja.Value {
	list := requests.ToObject(v.Realm.Runtime)
	keys := list.Keys()
	if len(keys) > maxBatch {
		v.fail("batch() sends at most %d requests, not %d", maxBatch, len(keys))
	}
	all := make([]*exchange, len(keys))
	for i, key := range keys {
		all[i] = v.inBatch(client, list.Get(key))
	}
	var sent sync.WaitGroup
	free := make(chan struct{}, maxParallel)
	for _, x := range all {
		free <- struct{}{}
		sent.Go(func() {
			x.send()
			<-free
		})
	}
	sent.Wait()
	responses := v.Realm.NewObject()
	if list.ClassName() == "Array" {
		responses = v.Realm.NewArray()
	}
	for i, key := range keys {
		responses.Set(key, v.response(all[i]))
	}
	return responses
}

// inBatch makes a request of batch: a URL, or the method, the URL, the body and the parameters
// in an array or an object.
func (v *VU) inBatch(client *http.Client, request goja.Value) *exchange {
	o, ok := request.(*goja.Object)
	if !ok {
		return v.exchange(client, "GET", request, goja.Undefined(), goja.Undefined())
	}
	names := []string{"method", "url", "body", "params"}
	if o.ClassName() == "Array" {
		names = []string{"0", "1", "2", "3"}
	}
	var parts [4]goja.Value
	for i, name := range names {
		if parts[i] = o.Get(name); parts[i] == nil {
			parts[i] = goja.Undefined()
		}
	}
	if goja.IsUndefined(parts[1]) {
		v.fail("a request of batch() has no URL")
	}
	return v.exchange(client, option(parts[0]), parts[1], parts[2], parts[3])
}

// timings are when the parts of a request began and ended. The functions of httptrace may run
// at the same time as others, and after the request.
type timings struct {
	begun, ended time.Time

	mu                              sync.Mutex // guards what follows
	dialing, dialed, shaking, shook time.Time
	wrote, first                    time.Time
}

func (t *timings) trace() *httptrace.ClientTrace {
	note := func(to *time.Time) {
		t.mu.Lock()
		defer t.mu.Unlock()
		*to = time.Now()
	}
	return &httptrace.ClientTrace{
		ConnectStart:         func(string, string) { note(&t.dialing) },
		ConnectDone:          func(string, string, error) { note(&t.dialed) },
		TLSHandshakeStart:    func() { note(&t.shaking) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { note(&t.shook) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { note(&t.wrote) },
		GotFirstResponseByte: func() { note(&t.first) },
	}
}

// values returns the milliseconds that the parts took, 0 for those that there were not.
func (t *timings) values() map[string]any {
	t.mu.Lock()
	defer t.mu.Unlock()
	between := func(from, to time.Time) float64 {
		if from.IsZero() || to.IsZero() {
			return 0
		}
		return milliseconds(max(to.Sub(from), 0))
	}
	return map[string]any{
		"duration":        between(t.begun, t.ended),
		"connecting":      between(t.dialing, t.dialed),
		"tls_handshaking": between(t.shaking, t.shook),
		"waiting":         between(t.wrote, t.first),
		"receiving":       between(t.first, t.ended),
	}
}

// timeout converts how long a request may take: a number of milliseconds, or a text.
func (v *VU) timeout(value goja.Value) time.Duration {
	d, err := ParseDuration(v.Realm.Text(value))
	if err == nil && d <= 0 {
		err = errors.New("not more than 0")
	}
	if err != nil {
		v.fail("k6/http: the timeout %.100q is %w", v.Realm.Text(value), err)
	}
	return d
}

// body returns the body of a request: a string, an ArrayBuffer, or the fields of a form.
func (v *VU) body(value goja.Value) (content io.Reader, mediaType string) {
	if goja.IsUndefined(value) || goja.IsNull(value) {
		return nil, ""
	}
	if b, ok := v.Realm.Bytes(value); ok {
		return strings.NewReader(string(b)), "application/octet-stream"
	}
	if o, ok := value.(*goja.Object); ok {
		form := make(url.Values)
		for _, key := range o.Keys() {
			form.Set(key, v.Realm.Text(o.Get(key)))
		}
		return strings.NewReader(form.Encode()), "application/x-www-form-urlencoded"
	}
	return strings.NewReader(v.Realm.Text(value)), ""
}

// count counts a request.
func (v *VU) count(x *exchange, status int) {
	url := x.request.URL.String()
	tags := x.tags.With(metrics.Tags{"url": url, "method": x.request.Method, "status": strconv.Itoa(status)})
	if tags["name"] == "" {
		tags = tags.With(metrics.Tags{"name": url})
	}
	failed := 0.0
	if status < 200 || status > 399 {
		failed = 1
	}
	b := v.Test.Builtin
	b.Requests.Add(1, tags)
	b.RequestDuration.Add(milliseconds(x.at.ended.Sub(x.at.begun)), tags)
	b.RequestFailed.Add(failed, tags)
	b.DataReceived.Add(float64(len(x.data)), tags)
	b.DataSent.Add(float64(max(x.request.ContentLength, 0)), tags)
}

// response counts an exchange and returns the response as the script wants it.
func (v *VU) response(x *exchange) goja.Value {
	status, response, data := 0, x.response, x.data
	if x.err == nil {
		status = response.StatusCode
	}
	v.count(x, status)
	o := v.Realm.NewObject()
	o.Set("status", status)
	o.Set("url", x.request.URL.String())
	o.Set("body", string(data))
	o.Set("error", "")
	if x.err != nil {
		o.Set("error", x.err.Error())
		o.Set("body", goja.Null())
	}
	headers := v.Realm.NewObject()
	if response != nil {
		for name, values := range response.Header {
			headers.Set(name, strings.Join(values, ", "))
		}
		o.Set("status_text", response.Status)
		o.Set("proto", response.Proto)
	}
	o.Set("headers", headers)
	o.Set("timings", x.at.values())
	o.Set("json", v.Realm.Func("json", 0, func(_ goja.Value, args []goja.Value) goja.Value {
		if !json.Valid(data) {
			v.fail("json(): the body is not JSON")
		}
		return v.selectIn(v.parse(string(data)), option(realm.Arg(args, 0)))
	}))
	return o
}

// selectIn returns a part of a value by a path of names and indexes with dots between them.
func (v *VU) selectIn(value goja.Value, path string) goja.Value {
	if path == "" {
		return value
	}
	for name := range strings.SplitSeq(path, ".") {
		o, ok := value.(*goja.Object)
		if !ok {
			return goja.Undefined()
		}
		if value = o.Get(name); value == nil {
			return goja.Undefined()
		}
	}
	return value
}
