package serve

// For tests of the package from outside.
var (
	SelfSignedCertificate = selfSignedCertificate
	Reachable             = reachable
	Announce              = announce
	NewLogger             = newLogger
)
