package airsocket_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

// An authority is what certificates are issued by in a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority is one that by has issued the certificate of, or a root.
func newAuthority(t testing.TB, by *authority) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	if by != nil {
		template.Subject.CommonName = "intermediate authority"
	}
	cert := by.issue(t, template)
	return &authority{cert.Leaf, cert.PrivateKey.(*ecdsa.PrivateKey)}
}

// issue signs template; the nil authority has it signed by itself.
func (a *authority) issue(t testing.TB, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issuer := &authority{template, key}
	if a != nil {
		issuer = a
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.cert, &key.PublicKey, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// server is the template of a certificate for loopback and the hosts.
func serverCertificate(hosts ...string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "server"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:     append([]string{"localhost"}, hosts...),
	}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// trust is a client's configuration that trusts a.
func (a *authority) trust() *tls.Config { return &tls.Config{RootCAs: a.pool()} }

// serveTLS serves an echo with the certificate.
func serveTLS(t testing.TB, cert tls.Certificate) string {
	t.Helper()
	srv := &airsocket.Server{TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
	})
	return strings.Replace(serve(t, srv), "ws:", "wss:", 1)
}

// A badCertificate is one that is to be refused.
type badCertificate struct {
	name string
	cert tls.Certificate
	is   func(error) bool
}

func badCertificates(t testing.TB, root *authority) []badCertificate {
	expired := serverCertificate()
	expired.NotAfter = time.Now().Add(-time.Minute)
	early := serverCertificate()
	early.NotBefore = time.Now().Add(time.Minute)
	elsewhere := serverCertificate("other.example")
	elsewhere.IPAddresses = nil
	forClients := serverCertificate()
	forClients.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return []badCertificate{
		{"expired", root.issue(t, expired), isInvalid(x509.Expired)},
		{"not valid yet", root.issue(t, early), isInvalid(x509.Expired)},
		{"self-signed", (*authority)(nil).issue(t, serverCertificate()), isType[x509.UnknownAuthorityError]},
		{"another host", root.issue(t, elsewhere), isType[x509.HostnameError]},
		{"untrusted root", newAuthority(t, nil).issue(t, serverCertificate()), isType[x509.UnknownAuthorityError]},
		{"intermediate is missing", newAuthority(t, root).issue(t, serverCertificate()), isType[x509.UnknownAuthorityError]},
		{"not for servers", root.issue(t, forClients), isInvalid(x509.IncompatibleUsage)},
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
	root := newAuthority(t, nil)
	for _, bad := range badCertificates(t, root) {
		t.Run(bad.name, func(t *testing.T) {
			url := serveTLS(t, bad.cert)
			var events []*airsocket.CertificateErrorEvent
			look := func(e *airsocket.CertificateErrorEvent) {
				if state := e.Target().ReadyState(); state != airsocket.Connecting {
					t.Errorf("the state at the event is %d", state)
				}
				events = append(events, e)
			}
			for _, setup := range []func(*airsocket.Socket){
				func(s *airsocket.Socket) {},
				func(s *airsocket.Socket) { s.OnCertificateError(look) },
				func(s *airsocket.Socket) { airsocket.AddEventListener(s, airsocket.EventCertificateError, look) },
			} {
				e := fails[*airsocket.TLSError](t, try(t, &airsocket.Options{TLS: root.trust()}, url, setup))
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
	root := newAuthority(t, nil)
	accept := func(e *airsocket.CertificateErrorEvent) { e.PreventDefault() }
	for _, bad := range badCertificates(t, root) {
		t.Run(bad.name, func(t *testing.T) {
			url := serveTLS(t, bad.cert)
			try(t, &airsocket.Options{TLS: root.trust()}, url, func(s *airsocket.Socket) { s.OnCertificateError(accept) }).wantEcho(t)
			try(t, &airsocket.Options{TLS: root.trust()}, url, func(s *airsocket.Socket) {
				airsocket.AddEventListener(s, airsocket.EventCertificateError, accept)
			}).wantEcho(t)
		})
	}
}

// TestConnectGoodCertificates: there is no event for these.
func TestConnectGoodCertificates(t *testing.T) {
	root := newAuthority(t, nil)
	between := newAuthority(t, root)
	chained := between.issue(t, serverCertificate())
	chained.Certificate = append(chained.Certificate, between.cert.Raw)
	past := serverCertificate()
	past.NotAfter = time.Now().Add(-time.Minute)
	then := root.trust()
	then.Time = func() time.Time { return time.Now().Add(-30 * time.Minute) }
	otherName := root.trust()
	otherName.ServerName = "other.example"
	elsewhere := serverCertificate("other.example")
	elsewhere.IPAddresses = nil

	for _, c := range []struct {
		name   string
		cert   tls.Certificate
		config *tls.Config
	}{
		{"plain", root.issue(t, serverCertificate()), root.trust()},
		{"with an intermediate", chained, root.trust()},
		{"good at the time of the configuration", root.issue(t, past), then},
		{"of the configuration's ServerName", root.issue(t, elsewhere), otherName},
		{"not verified", (*authority)(nil).issue(t, serverCertificate()), &tls.Config{InsecureSkipVerify: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := serveTLS(t, c.cert)
			for _, setup := range []func(*airsocket.Socket){
				func(*airsocket.Socket) {},
				func(s *airsocket.Socket) {
					s.OnCertificateError(func(e *airsocket.CertificateErrorEvent) { t.Errorf("certificate error: %v", e.Err) })
				},
			} {
				try(t, &airsocket.Options{TLS: c.config}, url, setup).wantEcho(t)
			}
		})
	}
}

// TestConnectKeepsOwnVerification: the functions of the configuration see what
// they see without a handler, and what they refuse no handler accepts.
func TestConnectKeepsOwnVerification(t *testing.T) {
	root := newAuthority(t, nil)
	url := serveTLS(t, root.issue(t, serverCertificate()))
	bad := serveTLS(t, newAuthority(t, nil).issue(t, serverCertificate()))
	pin := errors.New("not the pinned key")
	handler := func(s *airsocket.Socket) {
		s.OnCertificateError(func(e *airsocket.CertificateErrorEvent) { e.PreventDefault() })
	}
	for _, setup := range []func(*airsocket.Socket){func(*airsocket.Socket) {}, handler} {
		var calls []string
		config := root.trust()
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
		try(t, &airsocket.Options{TLS: config}, url, setup).wantEcho(t)
		if !slices.Equal(calls, []string{"peer", "connection"}) {
			t.Errorf("calls: %q", calls)
		}
	}
	for _, config := range []*tls.Config{
		{RootCAs: root.pool(), VerifyConnection: func(tls.ConnectionState) error { return pin }},
		{RootCAs: root.pool(), VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return pin }},
	} {
		for _, url := range []string{url, bad} {
			if a := try(t, &airsocket.Options{TLS: config}, url, handler); !errors.Is(a.err.Err, pin) {
				t.Errorf("error event: %v, want the configuration's", a.err.Err)
			}
		}
	}
}

// TestConnectVerifiesResumedSessions: a certificate that was accepted once is
// asked about again.
func TestConnectVerifiesResumedSessions(t *testing.T) {
	url := serveTLS(t, (*authority)(nil).issue(t, serverCertificate()))
	config := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	asked, resumed := 0, false
	for range 2 {
		try(t, &airsocket.Options{TLS: config}, url, func(s *airsocket.Socket) {
			s.OnCertificateError(func(e *airsocket.CertificateErrorEvent) {
				asked++
				e.PreventDefault()
			})
			airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) {
				resumed = s.Conn().(*tls.Conn).ConnectionState().DidResume
			})
		}).wantEcho(t)
	}
	if !resumed {
		t.Fatal("the session was not resumed")
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	fails[*airsocket.TLSError](t, try(t, &airsocket.Options{TLS: config}, url))
}

func TestConnectCloseInACertificateError(t *testing.T) {
	url := serveTLS(t, (*authority)(nil).issue(t, serverCertificate()))
	a := try(t, &airsocket.Options{}, url, func(s *airsocket.Socket) {
		s.OnCertificateError(func(e *airsocket.CertificateErrorEvent) {
			e.PreventDefault()
			s.Close(0, "")
		})
	})
	if a.opened || !errors.Is(a.err.Err, airsocket.ErrAborted) {
		t.Errorf("opened: %v, error event: %v", a.opened, a.err.Err)
	}
}

func TestConnectPanicInACertificateError(t *testing.T) {
	url := serveTLS(t, (*authority)(nil).issue(t, serverCertificate()))
	a := try(t, &airsocket.Options{Recover: true}, url, func(s *airsocket.Socket) {
		s.OnCertificateError(func(e *airsocket.CertificateErrorEvent) {
			e.PreventDefault()
			panic("handler")
		})
	})
	if e := fails[*airsocket.PanicError](t, a); e.Value != "handler" {
		t.Errorf("the panic was %v", e.Value)
	}
}

// TestConnectHandlerAfterConnect: as in a page, handlers may be set right after
// the call that starts the connection.
func TestConnectHandlerAfterConnect(t *testing.T) {
	url := serveTLS(t, (*authority)(nil).issue(t, serverCertificate()))
	d := airsocket.NewDispatcher()
	opened := false
	run(t, d, func() {
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
