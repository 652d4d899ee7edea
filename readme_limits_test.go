package airsocket_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
)

// TestReadmeLimits checks the table of limits in README.md: that it has each field of Options
// and Server that limits something, with its default, that its errors exist, and that
// SECURITY.md says which test shows what happens.
func TestReadmeLimits(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	security, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "## Limits and timeouts")
	table, _, _ = strings.Cut(table, "\nWhat counts while a socket does not read")
	names := exportedNames(t)
	defaults := map[string]string{} // by field
	for line := range strings.Lines(table) {
		row := strings.Split(line, "|")
		if len(row) != 6 || row[1] == " field " || strings.HasPrefix(row[1], "--") {
			continue
		}
		prefix := "Options."
		for i, quoted := range inCode.FindAllString(row[1], -1) {
			name := strings.Trim(quoted, "`")
			if own, ok := strings.CutPrefix(name, "Server."); ok {
				prefix, name = "Server.", own
			}
			cells := strings.Split(row[2], ",")
			defaults[prefix+name] = strings.TrimSpace(cells[min(i, len(cells)-1)])
		}
		for _, quoted := range inCode.FindAllString(row[4], -1) {
			name := strings.Trim(quoted, "`")
			if name != "Send" && name != "PingFunc" && names.check(name) != nil {
				t.Errorf("there is no error %s", name)
			}
			if !strings.Contains(string(security), name) {
				t.Errorf("SECURITY.md does not say which test shows %s", name)
			}
		}
	}

	limits := regexp.MustCompile("^Max|Timeout$|PerIP$|Burst$|^RateLimit$|^PingInterval$|^PongTimeout$")
	sizes, times := airsocket.DefaultSizes(), airsocket.DefaultTimes()
	for prefix, typ := range map[string]reflect.Type{"Options.": reflect.TypeFor[airsocket.Options](), "Server.": reflect.TypeFor[airsocket.Server]()} {
		for i := range typ.NumField() {
			f := typ.Field(i)
			if !f.IsExported() || !limits.MatchString(f.Name) {
				continue
			}
			want := "none"
			if prefix == "Options." {
				switch size, isSize := sizes[f.Name]; {
				case f.Name == "PingInterval" && times[f.Name] == 0:
					want = "no pings"
				case f.Name == "MaxHeadLines":
					want = fmt.Sprintf("%d lines", size)
				case size > 0:
					want = amount(size)
				case times[f.Name] > 0:
					want = fmt.Sprintf("%d s", times[f.Name]/time.Second)
				case !isSize && f.Name != "RateLimit":
					if _, isTime := times[f.Name]; !isTime {
						t.Errorf("DefaultSizes and DefaultTimes do not have %s", f.Name)
					}
				}
			}
			if got, ok := defaults[prefix+f.Name]; !ok {
				t.Errorf("the table does not have %s%s", prefix, f.Name)
			} else if !strings.HasPrefix(got, want) {
				t.Errorf("the default of %s%s is %q, want %q", prefix, f.Name, got, want)
			}
		}
	}
	for _, c := range []struct{ row, text string }{
		{"`Server.MaxConns`", fmt.Sprint("with ", airsocket.MaxRefusing, " more")},
		{"addresses that a `Server` remembers", thousands(airsocket.MaxAddresses)},
		{"calls of `PingFunc`", thousands(airsocket.MaxPingWaits)},
		{"body of a refusal", amount(handshake.MaxErrorBody)},
		{"PROXY header", fmt.Sprint(airsocket.MaxProxyHeader)},
	} {
		_, row, ok := strings.Cut(table, "\n| "+c.row)
		row, _, _ = strings.Cut(row, "\n")
		if !ok || !strings.Contains(row, c.text) {
			t.Errorf("the row of %s does not say %q:%s", c.row, c.text, row)
		}
	}
}

// amount returns how many bytes n is, in KiB or MiB.
func amount(n int) string {
	if n >= 1<<20 {
		return fmt.Sprint(n>>20, " MiB")
	}
	return fmt.Sprint(n>>10, " KiB")
}

func thousands(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }
