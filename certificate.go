package airsocket

import (
	"context"
	"crypto/x509"

	"github.com/airsocket/airsocket/internal/dial"
)

// certificateJudge returns the function that asks the handlers for certificate
// errors, or nil if there are none. It asks nobody once ctx has ended.
func (s *Socket) certificateJudge(ctx context.Context) dial.Judge {
	handled := false
	s.disp.do(func() {
		handled = s.extras().cert != nil || s.HasEventListener(string(EventCertificateError))
	})
	if !handled {
		return nil
	}
	return func(chain []*x509.Certificate, reason error) bool {
		e := &CertificateErrorEvent{target: target{s}, Chain: chain, Err: reason}
		s.do(certificateTurn, func() {
			if ctx.Err() == nil {
				emit(s, s.extras().cert, e)
			}
		})
		return e.prevented && s.cause() == nil // a handler may have called Close, or panicked
	}
}
