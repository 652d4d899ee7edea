package connect_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// startAsked starts a server that refuses all requests, and returns its URL and a function
// that returns the header of the next one.
func startAsked(t *testing.T) (url string, asked func() http.Header) {
	t.Helper()
	headers := make(chan http.Header, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers <- r.Header
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http"), func() http.Header {
		select {
		case h := <-headers:
			return h
		default:
			return nil
		}
	}
}

func TestCredentials(t *testing.T) {
	url, asked := startAsked(t)
	t.Setenv("AIRSOCKET_TEST_TOKEN", "from-env")
	for _, test := range []struct{ flag, value, want string }{
		{"-auth", "ada:love:lace", "Basic YWRhOmxvdmU6bGFjZQ=="},
		{"-auth", "ada:", "Basic YWRhOg=="},
		{"-auth", "@" + write(t, "ada:secret\n"), "Basic YWRhOnNlY3JldA=="},
		{"-bearer", "abc.def", "Bearer abc.def"},
		{"-bearer", "@" + write(t, " abc\n"), "Bearer abc"},
		{"-bearer", "env:AIRSOCKET_TEST_TOKEN", "Bearer from-env"},
	} {
		r := clitest.Execute(t, nil, "connect", url, "-x", "a", test.flag, test.value)
		r.Want(t, exit.Refused, "403")
		if got := asked().Get("Authorization"); got != test.want {
			t.Errorf("%s %s: Authorization is %q, want %q", test.flag, test.value, got, test.want)
		}
	}
	for _, test := range []struct{ flags, say string }{
		{"-auth a:b -bearer c", "-auth and -bearer are given"},
		{"-auth a:b -H authorization:c", "-auth and an Authorization field of -H are given"},
		{"-bearer c -H Authorization:c", "-bearer and an Authorization field of -H are given"},
		{"-bearer @nothing.txt", "-bearer: open nothing.txt"},
		{"-bearer @" + write(t, "\n"), "is empty"},
		{"-bearer @" + write(t, strings.Repeat("x", 1<<17)), "is longer than 65536 bytes"},
		{"-bearer env:AIRSOCKET_TEST_NOTHING", "-bearer: the environment variable AIRSOCKET_TEST_NOTHING is not set"},
	} {
		connectWith(t, "", url, test.flags).Want(t, exit.Usage, test.say)
	}
	for flags, say := range map[string]string{
		"-auth c:d":          "-auth and a user in the URL are given",
		"-H authorization:c": "an Authorization field of -H and a user in the URL are given",
	} {
		connectWith(t, "", strings.Replace(url, "//", "//a:b@", 1), flags).Want(t, exit.Usage, say)
	}
	if asked() != nil {
		t.Error("the server was asked in spite of an error")
	}
}

func TestFieldsFromFile(t *testing.T) {
	t.Parallel()
	url, asked := startAsked(t)
	file := write(t, "# a comment\nX-One: 1\r\n\n  X-Two:a:b # no comment\nX-One: 3")
	clitest.Execute(t, nil, "connect", url, "-x", "a", "-H", "@"+file, "-H", "X-Three: 3").Want(t, exit.Refused, "")
	h := asked()
	if got := strings.Join(append(h["X-One"], h.Get("X-Two"), h.Get("X-Three")), ","); got != "1,3,a:b # no comment,3" {
		t.Errorf("the fields are %s", got)
	}
	bad := write(t, "X: 1\n\nsecret\n")
	r := clitest.Execute(t, nil, "connect", url, "-H", "@"+bad)
	if r.Want(t, exit.Usage, "file.txt, line 3 is not NAME:VALUE"); strings.Contains(r.Stderr, "secret") {
		t.Errorf("a line of the file is printed: %s", r.Stderr)
	}
	connectWith(t, "", url, "-H @nothing.txt").Want(t, exit.Usage, "-H: open nothing.txt")
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	moved := 0
	mux := http.NewServeMux()
	mux.HandleFunc("/once", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			t.Error("no credentials for the first server")
		}
		http.Redirect(w, r, "http"+strings.TrimPrefix(s.URL(), "ws"), http.StatusFound)
	})
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) {
		moved++
		http.Redirect(w, r, "/round", http.StatusFound)
	})
	from := httptest.NewServer(mux)
	t.Cleanup(from.Close)
	url := "ws" + strings.TrimPrefix(from.URL, "http")
	r := connectWith(t, "", url+"/once", "-L -x hello -n 1 -auth a:b")
	if r.Want(t, exit.OK, ""); r.Stdout != "hello\n" {
		t.Errorf("stdout is %q", r.Stdout)
	}
	connectWith(t, "", url+"/once", "-x hello -auth a:b").Want(t, exit.Refused, "302")
	connectWith(t, "", url+"/round", "-L -x hello").Want(t, exit.Refused, "redirect")
	from.Close()
	if moved != 11 {
		t.Errorf("%d requests, want that of the client and 10 redirects", moved)
	}
}
