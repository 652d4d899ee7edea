package metrics

// For tests of the package from outside.
var (
	CodeOf   = codeOf
	ReasonOf = reasonOf
)
