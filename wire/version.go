package wire

import "fmt"

// A Version is a version of the protocol. Drafts with the same frames are one Version.
type Version uint8

// The versions that were deployed.
const (
	Hixie75 Version = 1 + iota // draft-hixie-thewebsocketprotocol-75
	Hixie76                    // draft-hixie-thewebsocketprotocol-76, which is hybi-00
	Hybi06                     // draft-ietf-hybi-thewebsocketprotocol-06
	Hybi07                     // draft-ietf-hybi-thewebsocketprotocol-07
	Hybi08                     // drafts 08 to 12, Sec-WebSocket-Version 8
	Hybi13                     // drafts 13 to 17 and RFC 6455, Sec-WebSocket-Version 13
)

// AllVersions returns a new slice of all versions, oldest first. It includes the two
// hixie versions, which have no masking; Options.Versions of package airsocket
// describes the consequences for a server.
func AllVersions() []Version {
	return []Version{Hixie75, Hixie76, Hybi06, Hybi07, Hybi08, Hybi13}
}

var versionNames = [...]string{Hixie75: "hixie-75", Hixie76: "hixie-76", Hybi06: "hybi-06",
	Hybi07: "hybi-07", Hybi08: "hybi-08", Hybi13: "hybi-13"}

// String returns the version's name: hixie-75, hixie-76, hybi-06, hybi-07, hybi-08 or hybi-13.
func (v Version) String() string {
	if v.Valid() {
		return versionNames[v]
	}
	return fmt.Sprintf("Version(%d)", uint8(v))
}

// Valid reports whether v is one of the constants.
func (v Version) Valid() bool { return Hixie75 <= v && v <= Hybi13 }

// ParseVersion returns the version with the name s. It accepts the names that
// [Version.String] returns, and "13", "rfc6455" and "hybi-00".
func ParseVersion(s string) (Version, error) {
	switch s {
	case "13", "rfc6455":
		return Hybi13, nil
	case "hybi-00":
		return Hixie76, nil
	}
	for v := Hixie75; v <= Hybi13; v++ {
		if versionNames[v] == s {
			return v, nil
		}
	}
	return 0, fmt.Errorf("wire: unknown version %q", s)
}

// A Role is the role of an endpoint in a connection.
type Role uint8

// The two roles. Clients mask what they send, servers do not.
const (
	Client Role = iota
	Server
)

// String returns "client" or "server".
func (r Role) String() string {
	if r == Server {
		return "server"
	}
	return "client"
}
