package k6

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
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
			return v.request(client, method, call.Argument(0), goja.Undefined(), call.Argument(1))
		}
	}
	for name, method := range map[string]string{"post": "POST", "put": "PUT", "patch": "PATCH", "del": "DELETE", "options": "OPTIONS"} {
		members[name] = func(call goja.FunctionCall) goja.Value {
			return v.request(client, method, call.Argument(0), call.Argument(1), call.Argument(2))
		}
	}
	members["request"] = func(call goja.FunctionCall) goja.Value {
		return v.request(client, strings.ToUpper(option(call.Argument(0))), call.Argument(1), call.Argument(2), call.Argument(3))
	}
	return v.exports(members)
}

func (v *VU) request(client *http.Client, method string, address, body, params goja.Value) goja.Value {
	if v.Init {
		v.fail("requests cannot be made while the script itself runs: make them in a function")
	}
	content, mediaType := v.body(body)
	var at timings
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(v.Context, at.trace()), method, v.Realm.Text(address), content)
	if err != nil {
		v.fail("k6/http: %w", err)
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	c, tags := *client, v.tags
	c.Timeout = requestTimeout
	if o, ok := params.(*goja.Object); ok {
		maps.Copy(req.Header, v.header(o.Get("headers"), nil))
		tags = tags.With(v.tagsOf(o.Get("tags")))
		if t := o.Get("timeout"); t != nil && !goja.IsUndefined(t) {
			if c.Timeout, err = timeout(t); err != nil {
				v.fail("k6/http: %w", err)
			}
		}
		if n := o.Get("redirects"); n != nil && n.ToInteger() == 0 {
			c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		}
	}
	at.begun = time.Now()
	response, err := c.Do(req)
	var data []byte
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(response.Body, maxBody))
		response.Body.Close()
	}
	at.ended = time.Now()
	took := milliseconds(at.ended.Sub(at.begun))
	tags = tags.With(metrics.Tags{"url": req.URL.String(), "name": req.URL.String(), "method": method})
	status := 0
	if err == nil {
		status = response.StatusCode
	}
	tags = tags.With(metrics.Tags{"status": strconv.Itoa(status)})
	failed := 0.0
	if status < 200 || status > 399 {
		failed = 1
	}
	b := v.Test.Builtin
	b.Requests.Add(1, tags)
	b.RequestDuration.Add(took, tags)
	b.RequestFailed.Add(failed, tags)
	b.DataReceived.Add(float64(len(data)), tags)
	b.DataSent.Add(float64(max(req.ContentLength, 0)), tags)
	return v.response(response, err, status, data, &at, req.URL.String())
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

func timeout(t goja.Value) (time.Duration, error) {
	if text, ok := t.Export().(string); ok {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("%q is not a time such as 10s", text)
		}
		return d, nil
	}
	return time.Duration(t.ToFloat() * float64(time.Millisecond)), nil
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

func (v *VU) response(response *http.Response, err error, status int, data []byte, at *timings, address string) goja.Value {
	o := v.Realm.NewObject()
	o.Set("status", status)
	o.Set("url", address)
	o.Set("body", string(data))
	o.Set("error", "")
	if err != nil {
		o.Set("error", err.Error())
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
	o.Set("timings", at.values())
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
