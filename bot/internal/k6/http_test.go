package k6_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// batch returns responses in the shape of the requests, and sends them at the same time.
func TestBatch(t *testing.T) {
	var waiting atomic.Int32
	three := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/meet", func(w http.ResponseWriter, r *http.Request) {
		if waiting.Add(1) == 3 {
			close(three)
		}
		<-three
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL.Path, body, r.Header.Get("X-Token"))
	})
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	r := wantLines(t, `
		import http from "k6/http";
		export const options = { thresholds: { "http_reqs{name:mine}": ["count==1"], "http_reqs{method:POST}": ["count==2"] } };
		const url = __ENV.URL;
		export default function () {
			const list = http.batch([url + "/a", ["POST", url + "/b", "body", { headers: { "X-Token": "secret" }, tags: { name: "mine" } }], { method: "post", url: url + "/c", body: { d: 1 } }, ["GET", "http://127.0.0.1:1/"]]);
			console.log(Array.isArray(list), list.length, list.map((r) => r.status + " " + r.body).join());
			const named = http.batch({ one: url + "/1", two: { method: "DELETE", url: url + "/2", params: { headers: { "X-Token": "x" } } } });
			console.log(Object.keys(named).join(), named.one.body, named.two.body);
			console.log(http.batch([]).length, http.batch(new Array(3).fill(url + "/meet")).map((r) => r.status).join());
			for (const wrong of [null, [{}], [["GET"]], new Array(1001).fill(url)]) try { http.batch(wrong); console.log("no error"); } catch (err) { console.log(err.message); }
		}`, map[string]string{"URL": web.URL},
		"true 4 200 GET /a  ,200 POST /b body secret,200 POST /c d=1 ,0 null",
		"one,two GET /1   DELETE /2  x",
		"0 200,200,200",
		"Cannot convert undefined or null to object",
		"a request of batch() has no URL", "a request of batch() has no URL",
		"batch() sends at most 1000 requests, not 1001")
	wantMetrics(t, r, map[string]float64{"http_reqs": 9})
	if r.Err != nil {
		t.Error(r.Err, r.Report.Outcomes)
	}
}

// insecureSkipTLSVerify and userAgent are for requests too, also for those of setup.
func TestOptionsOfRequests(t *testing.T) {
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.UserAgent()) }))
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	t.Cleanup(web.Close)
	script := `
		import http from "k6/http";
		const show = (params) => { const r = http.get(__ENV.URL, params); console.log(r.status, r.body); };
		export function setup() { show(); }
		export default function () { show(); show({ headers: { "User-Agent": "own" } }); }`
	env := map[string]string{"URL": web.URL}
	wantLines(t, script+`export const options = { insecureSkipTLSVerify: true, userAgent: "load test" }`, env, "200 load test", "200 load test", "200 own")
	wantLines(t, script, env, "0 null", "0 null", "0 null")
}
