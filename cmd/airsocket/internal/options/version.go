package options

import (
	"fmt"

	"github.com/airsocket/airsocket/wire"
)

// versionNumbers maps the value of Sec-WebSocket-Version to the version of the
// protocol, or the number of the draft for versions without this field.
var versionNumbers = map[string]wire.Version{
	"13": wire.Hybi13,
	"8":  wire.Hybi08,
	"7":  wire.Hybi07,
	"6":  wire.Hybi06,
	"76": wire.Hixie76,
	"75": wire.Hixie75,
}

// VersionHelp lists what ParseVersion accepts.
const VersionHelp = "13 (RFC 6455), 8, 7, 6, 76 or 75, or by name\nhybi-13, hybi-08, hybi-07, hybi-06, hixie-76 or hixie-75"

// ParseVersion returns the version of the protocol with the given number or
// name.
func ParseVersion(s string) (wire.Version, error) {
	if v, ok := versionNumbers[s]; ok {
		return v, nil
	}
	v, err := wire.ParseVersion(s)
	if err != nil {
		return 0, fmt.Errorf("unknown version %q of the protocol; the versions are 13, 8, 7, 6, 76 and 75", s)
	}
	return v, nil
}

// A version is a flag with the number or name of a version.
type version string

func (v *version) String() string { return string(*v) }

func (v *version) Set(s string) error {
	_, err := ParseVersion(s)
	*v = version(s)
	return err
}

// Values returns the names that have their version in them.
func (v *version) Values() []string {
	return []string{"13", "8", "7", "6", "76", "75", "hybi-13", "hybi-08", "hybi-07", "hybi-06", "hixie-76", "hixie-75"}
}
