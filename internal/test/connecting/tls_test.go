package connecting

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A badCertificate is a certificate that must be rejected.
type badCertificate struct {
	name string
	cert tls.Certificate
	is   func(error) bool
}

func badCertificates(t testing.TB, root *wstest.Authority) []badCertificate {
	expired := wstest.ServerCertificate()
	expired.NotAfter = time.Now().Add(-time.Minute)
	early := wstest.ServerCertificate()
	early.NotBefore = time.Now().Add(time.Minute)
	elsewhere := wstest.ServerCertificate("other.example")
	elsewhere.IPAddresses = nil
	forClients := wstest.ServerCertificate()
	forClients.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return []badCertificate{
		{"expired", root.Issue(t, expired), isInvalid(x509.Expired)},
		{"not valid yet", root.Issue(t, early), isInvalid(x509.Expired)},
		{"self-signed", (*wstest.Authority)(nil).Issue(t, wstest.ServerCertificate()), isType[x509.UnknownAuthorityError]},
		{"another host", root.Issue(t, elsewhere), isType[x509.HostnameError]},
		{"untrusted root", wstest.NewAuthority(t, nil).Issue(t, wstest.ServerCertificate()), isType[x509.UnknownAuthorityError]},
		{"intermediate is missing", wstest.NewAuthority(t, root).Issue(t, wstest.ServerCertificate()), isType[x509.UnknownAuthorityError]},
		{"not for servers", root.Issue(t, forClients), isInvalid(x509.IncompatibleUsage)},
	}
}

func isType[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func isInvalid(reason x509.InvalidReason) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[x509.CertificateInvalidError](err)
		return ok && e.Reason == reason
	}
}

func TestConnectRefusesCertificates(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	for _, bad := range badCertificates(t, root) {
		t.Run(bad.name, func(t *testing.T) {
			url := wstest.ServeTLS(t, bad.cert)
			var events []*airsocket.CertificateErrorEvent
			look := func(e *airsocket.CertificateErrorEvent) {
				if state := e.Target().ReadyState(); state != airsocket.StateConnecting {
					t.Errorf("the state at the event is %d", state)
				}
				events = append(events, e)
			}
			for _, setup := range []func(*airsocket.Socket){
				func(s *airsocket.Socket) {},
				func(s *airsocket.Socket) { s.OnCertificateError(look) },
				func(s *airsocket.Socket) { airsocket.AddEventListener(s, airsocket.EventCertificateError, look) },
			} {
				e := wstest.Fails[*airsocket.TLSError](t, wstest.Try(t, &airsocket.Options{TLS: root.ClientConfig()}, url, setup))
				v, ok := errors.AsType[*tls.CertificateVerificationError](e)
				if !ok || !bad.is(e) || len(v.UnverifiedCertificates) != 1 || !v.UnverifiedCertificates[0].Equal(bad.cert.Leaf) {
					t.Errorf("error event: %#v", e.Err)
				}
			}
			if len(events) != 2 {
				t.Fatalf("%d certificate errors, want 2", len(events))
			}
			for _, e := range events {
				if !bad.is(e.Err) || len(e.Chain) != 1 || !e.Chain[0].Equal(bad.cert.Leaf) {
					t.Errorf("certificate error: %v with a chain of %d", e.Err, len(e.Chain))
				}
			}
		})
	}
}

func TestConnectAcceptsCertificatesByPreventDefault(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	accept := func(e *airsocket.CertificateErrorEvent) { e.PreventDefault() }
	for _, bad := range badCertificates(t, root) {
		t.Run(bad.name, func(t *testing.T) {
			url := wstest.ServeTLS(t, bad.cert)
			wstest.Try(t, &airsocket.Options{TLS: root.ClientConfig()}, url, func(s *airsocket.Socket) { s.OnCertificateError(accept) }).WantEcho(t)
			wstest.Try(t, &airsocket.Options{TLS: root.ClientConfig()}, url, func(s *airsocket.Socket) {
				airsocket.AddEventListener(s, airsocket.EventCertificateError, accept)
			}).WantEcho(t)
		})
	}
}

// TestConnectGoodCertificates checks that there is no event for good
// certificates.
func TestConnectGoodCertificates(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	between := wstest.NewAuthority(t, root)
	chained := between.Issue(t, wstest.ServerCertificate())
	chained.Certificate = append(chained.Certificate, between.Cert.Raw)
	past := wstest.ServerCertificate()
	past.NotAfter = time.Now().Add(-time.Minute)
	then := root.ClientConfig()
	then.Time = func() time.Time { return time.Now().Add(-30 * time.Minute) }
	otherName := root.ClientConfig()
	otherName.ServerName = "other.example"
	elsewhere := wstest.ServerCertificate("other.example")
	elsewhere.IPAddresses = nil

	for _, c := range []struct {
		name   string
		cert   tls.Certificate
		config *tls.Config
	}{
		{"plain", root.Issue(t, wstest.ServerCertificate()), root.ClientConfig()},
		{"with an intermediate", chained, root.ClientConfig()},
		{"good at the time of the configuration", root.Issue(t, past), then},
		{"of the configuration's ServerName", root.Issue(t, elsewhere), otherName},
		{"not verified", (*wstest.Authority)(nil).Issue(t, wstest.ServerCertificate()), &tls.Config{InsecureSkipVerify: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := wstest.ServeTLS(t, c.cert)
			for _, setup := range []func(*airsocket.Socket){
				func(*airsocket.Socket) {},
				func(s *airsocket.Socket) {
					s.OnCertificateError(func(e *airsocket.CertificateErrorEvent) { t.Errorf("certificate error: %v", e.Err) })
				},
			} {
				wstest.Try(t, &airsocket.Options{TLS: c.config}, url, setup).WantEcho(t)
			}
		})
	}
}

// TestConnectKeepsOwnVerification checks that the functions of the
// configuration are called as without a handler, and that no handler can accept
// what they reject.
func TestConnectKeepsOwnVerification(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	url := wstest.ServeTLS(t, root.Issue(t, wstest.ServerCertificate()))
	bad := wstest.ServeTLS(t, wstest.NewAuthority(t, nil).Issue(t, wstest.ServerCertificate()))
	pin := errors.New("not the pinned key")
	handler := func(s *airsocket.Socket) {
		s.OnCertificateError(func(e *airsocket.CertificateErrorEvent) { e.PreventDefault() })
	}
	for _, setup := range []func(*airsocket.Socket){func(*airsocket.Socket) {}, handler} {
		var calls []string
		config := root.ClientConfig()
		config.VerifyPeerCertificate = func(raw [][]byte, chains [][]*x509.Certificate) error {
			if len(raw) != 1 || len(chains) != 1 || len(chains[0]) != 2 {
				t.Errorf("VerifyPeerCertificate with %d certificates and %d chains", len(raw), len(chains))
			}
			calls = append(calls, "peer")
			return nil
		}
		config.VerifyConnection = func(state tls.ConnectionState) error {
			if len(state.VerifiedChains) != 1 || len(state.PeerCertificates) != 1 {
				t.Errorf("VerifyConnection with %d chains", len(state.VerifiedChains))
			}
			calls = append(calls, "connection")
			return nil
		}
		wstest.Try(t, &airsocket.Options{TLS: config}, url, setup).WantEcho(t)
		if !slices.Equal(calls, []string{"peer", "connection"}) {
			t.Errorf("calls: %q", calls)
		}
	}
	for _, config := range []*tls.Config{
		{RootCAs: root.Pool(), VerifyConnection: func(tls.ConnectionState) error { return pin }},
		{RootCAs: root.Pool(), VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return pin }},
	} {
		for _, url := range []string{url, bad} {
			if a := wstest.Try(t, &airsocket.Options{TLS: config}, url, handler); !errors.Is(a.Err.Err, pin) {
				t.Errorf("error event: %v, want the configuration's", a.Err.Err)
			}
		}
	}
}

// TestConnectVerifiesResumedSessions checks that the handler is asked again
// when a session is resumed.
func TestConnectVerifiesResumedSessions(t *testing.T) {
	url := wstest.ServeTLS(t, (*wstest.Authority)(nil).Issue(t, wstest.ServerCertificate()))
	config := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	asked, resumed := 0, false
	for range 2 {
		wstest.Try(t, &airsocket.Options{TLS: config}, url, func(s *airsocket.Socket) {
			s.OnCertificateError(func(e *airsocket.CertificateErrorEvent) {
				asked++
				e.PreventDefault()
			})
			airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) {
				resumed = s.Conn().(*tls.Conn).ConnectionState().DidResume
			})
		}).WantEcho(t)
	}
	if !resumed {
		t.Fatal("the session was not resumed")
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	wstest.Fails[*airsocket.TLSError](t, wstest.Try(t, &airsocket.Options{TLS: config}, url))
}

func TestConnectCloseInACertificateError(t *testing.T) {
	url := wstest.ServeTLS(t, (*wstest.Authority)(nil).Issue(t, wstest.ServerCertificate()))
	a := wstest.Try(t, &airsocket.Options{}, url, func(s *airsocket.Socket) {
		s.OnCertificateError(func(e *airsocket.CertificateErrorEvent) {
			e.PreventDefault()
			s.Close(0, "")
		})
	})
	if a.Opened || !errors.Is(a.Err.Err, airsocket.ErrAborted) {
		t.Errorf("opened: %v, error event: %v", a.Opened, a.Err.Err)
	}
}

func TestConnectPanicInACertificateError(t *testing.T) {
	url := wstest.ServeTLS(t, (*wstest.Authority)(nil).Issue(t, wstest.ServerCertificate()))
	a := wstest.Try(t, &airsocket.Options{Recover: true}, url, func(s *airsocket.Socket) {
		s.OnCertificateError(func(e *airsocket.CertificateErrorEvent) {
			e.PreventDefault()
			panic("handler")
		})
	})
	if e := wstest.Fails[*airsocket.PanicError](t, a); e.Value != "handler" {
		t.Errorf("the panic was %v", e.Value)
	}
}

// TestConnectHandlerAfterConnect checks that handlers may be set right after
// Connect, as in a browser.
func TestConnectHandlerAfterConnect(t *testing.T) {
	url := wstest.ServeTLS(t, (*wstest.Authority)(nil).Issue(t, wstest.ServerCertificate()))
	d := new(airsocket.Dispatcher)
	opened := false
	wstest.Run(t, d, func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		if err := s.Connect(url); err != nil {
			t.Fatal(err)
		}
		s.OnCertificateError(func(e *airsocket.CertificateErrorEvent) { e.PreventDefault() })
		s.OnOpen(func(*airsocket.OpenEvent) {
			opened = true
			s.Close(1000, "")
		})
	})
	if !opened {
		t.Error("the connection was not opened")
	}
}
