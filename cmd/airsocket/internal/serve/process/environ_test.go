package process_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/process"
	"github.com/airsocket/airsocket/handshake"
)

func TestFieldsBecomeVariables(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		field [][2]string
		want  string
	}{
		{"dashes", [][2]string{{"X-My-Field", "a"}}, "HTTP_X_MY_FIELD=a"},
		{"case", [][2]string{{"user-agent", "a"}}, "HTTP_USER_AGENT=a"},
		{"several", [][2]string{{"A", "1"}, {"B", "2"}, {"a", "3"}}, "HTTP_A=1, 3|HTTP_B=2"},
		{"cookies", [][2]string{{"Cookie", "a=1"}, {"Cookie", "b=2"}}, "HTTP_COOKIE=a=1; b=2"},
		{"empty value", [][2]string{{"A", ""}}, "HTTP_A="},
		{"equals sign", [][2]string{{"A", "b=c"}}, "HTTP_A=b=c"},
		{"httpoxy", [][2]string{{"Proxy", "http://evil"}, {"PROXY", "b"}}, ""},
		{"underscores", [][2]string{{"X_Real", "evil"}}, ""},
		{"strange names", [][2]string{{"A=B", "evil"}, {"", "evil"}, {"A B", "evil"}, {"A\x00", "evil"}, {"\xe4", "evil"}, {"A;", "evil"}}, ""},
		{"shellshock", [][2]string{{"A", "() { :;}; echo evil"}, {"B", "  () { evil"}}, ""},
		{"a part of shellshock", [][2]string{{"A", "() a"}}, "HTTP_A=() a"},
		{"NUL and line ends", [][2]string{{"A", "a\x00b\nPATH=/evil\r\n"}}, "HTTP_A=a b PATH=/evil"},
		{"bytes", [][2]string{{"A", "\xff\xe4"}}, "HTTP_A=\xff\xe4"},
	} {
		var h handshake.Header
		for _, f := range test.field {
			h.Add(f[0], f[1])
		}
		if got := strings.Join(process.Variables(h), "|"); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestBaseEnv(t *testing.T) {
	t.Setenv("PATH", "/programs")
	t.Setenv("AIRSOCKET_TEST_SECRET", "secret")
	t.Setenv("AIRSOCKET_TEST_SHARED", "a=b")
	if got := process.BaseEnv(nil); !slices.Contains(got, "PATH=/programs") || strings.Contains(strings.Join(got, " "), "secret") {
		t.Errorf("without flags: %q", got)
	}
	got := process.BaseEnv([]string{"AIRSOCKET_TEST_SHARED", "NEW=x=y", "AIRSOCKET_TEST_UNSET"})
	if want := []string{"AIRSOCKET_TEST_SHARED=a=b", "NEW=x=y"}; !slices.Equal(got[len(got)-2:], want) {
		t.Errorf("with flags: %q, want %q at the end", got, want)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10000)
	for _, test := range []struct {
		in   string
		max  int
		want string
	}{
		{"", -1, "EOF"},
		{"a\nb\n", -1, "a|b|EOF"},
		{"a\r\nb\r\r\n\r\n", -1, "a|b\r||EOF"},
		{"\n\n", -1, "||EOF"},
		{"a\nb", -1, "a|b|EOF"},
		{long + "\n" + long, -1, long + "|" + long + "|EOF"},
		{"123\n1234\r\n", 4, "123|1234|EOF"},
		{"12345\n", 4, "the line is too long"},
		{"12345", 4, "the line is too long"},
		{"1\n" + long, 9999, "1|the line is too long"},
		{"1\n" + long, 10000, "1|" + long + "|EOF"},
		{"\n1", 0, "|the line is too long"},
	} {
		next := process.NewLines(strings.NewReader(test.in), test.max)
		var got []string
		for {
			line, err := next()
			if err != nil {
				got = append(got, err.Error())
				break
			}
			got = append(got, string(line))
		}
		if all := strings.Join(got, "|"); all != test.want {
			t.Errorf("%.20q: %.60q, want %.60q", test.in, all, test.want)
		}
	}
}
