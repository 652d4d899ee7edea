package clientcert

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const cert = "testdata/cert.pem"

// answer returns a function that answers the question for a passphrase, and what was asked.
func answer(passphrase string) (ask func(string) (string, error), asked *string) {
	asked = new(string)
	return func(prompt string) (string, error) {
		*asked += prompt
		return passphrase, nil
	}, asked
}

// OpenSSL has encrypted the keys in testdata, all of them the same key.
func TestEncryptedKeys(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"aes256", "aes128-sha1", "aes192-sha512", "des3"} {
		file := "testdata/" + name + ".pem"
		ask, asked := answer("secret")
		pair, err := Load(cert, file, ask)
		if err != nil || len(pair.Certificate) != 1 || pair.PrivateKey == nil {
			t.Errorf("%s: %v", name, err)
		}
		if want := "passphrase of " + file + ": "; *asked != want {
			t.Errorf("%s: asks %q, want %q", name, *asked, want)
		}
		ask, _ = answer("Secret")
		if _, err := Load(cert, file, ask); !errors.Is(err, errPassphrase) {
			t.Errorf("%s with a wrong passphrase: %v", name, err)
		}
	}
	no := errors.New("no terminal")
	if _, err := Load(cert, "testdata/aes256.pem", func(string) (string, error) { return "", no }); !errors.Is(err, no) {
		t.Errorf("nobody to ask: %v", err)
	}
}

// An error says how to convert a key, and nothing is asked for.
func TestKeysToConvert(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"scrypt", "pbes1", "legacy"} {
		ask, asked := answer("secret")
		_, err := Load(cert, "testdata/"+name+".pem", ask)
		if err == nil || !strings.HasPrefix(err.Error(), "-key: testdata/"+name+".pem: ") || !strings.Contains(err.Error(), ": openssl pkcs8 -topk8 ") {
			t.Errorf("%s: %v", name, err)
		}
		if *asked != "" {
			t.Errorf("%s: asks %q", name, *asked)
		}
	}
}

// write writes a file that consists of others, and returns its name.
func write(t *testing.T, parts ...[]byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(name, bytes.Join(parts, []byte("\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func contents(t *testing.T, name string) []byte {
	t.Helper()
	p, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestKeyInTheFileOfTheCertificate(t *testing.T) {
	t.Parallel()
	ask, _ := answer("secret")
	if _, err := Load(write(t, contents(t, cert), contents(t, "testdata/aes256.pem")), "", ask); err != nil {
		t.Error(err)
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	block, _ := pem.Decode(contents(t, "testdata/aes256.pem"))
	var info encryptedInfo
	if _, err := asn1.Unmarshal(block.Bytes, &info); err != nil {
		t.Fatal(err)
	}
	// The number of iterations, 2048, becomes 2^31-1.
	slow := bytes.Replace(block.Bytes, []byte{2, 2, 8, 0}, []byte{2, 4, 0x7f, 0xff, 0xff, 0xff}, 1)
	slow[2] += 2  // the lengths of the sequences around it
	slow[4] += 2  // AlgorithmIdentifier
	slow[17] += 2 // PBES2-params
	slow[19] += 2
	slow[32] += 2
	for _, test := range []struct{ cert, key, say string }{
		{"testdata/nothing.pem", "", "-cert: open testdata/nothing.pem"},
		{cert, "testdata/nothing.pem", "-key: open testdata/nothing.pem"},
		{"pkcs8.go", "", "openssl pkcs12 -in"},
		{cert, "", "there is no private key in testdata/cert.pem; name its file with -key"},
		{cert, cert, "-key: testdata/cert.pem: there is no private key in PEM"},
		{cert, write(t, pem.EncodeToMemory(&pem.Block{Type: encryptedKey, Bytes: block.Bytes[:40]})), "damaged"},
		{cert, write(t, pem.EncodeToMemory(&pem.Block{Type: encryptedKey, Bytes: block.Bytes[:3]})), "damaged"},
		{cert, write(t, pem.EncodeToMemory(&pem.Block{Type: encryptedKey, Bytes: slow})), "2147483647 iterations"},
		{cert, write(t, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})), "-key: "},
		{cert, write(t, make([]byte, maxFile+1)), "longer than"},
	} {
		ask, _ := answer("secret")
		if _, err := Load(test.cert, test.key, ask); err == nil || !strings.Contains(err.Error(), test.say) {
			t.Errorf("%s, %s: %v, want %q", test.cert, test.key, err, test.say)
		}
	}
}

func FuzzUnlock(f *testing.F) {
	for _, name := range []string{"aes256", "aes128-sha1", "des3", "scrypt", "pbes1"} {
		p, err := os.ReadFile("testdata/" + name + ".pem")
		if err != nil {
			f.Fatal(err)
		}
		block, _ := pem.Decode(p)
		f.Add(block.Bytes)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		refused := errors.New("refused")
		// Deriving the key would take the time of the fuzzing; what follows is decrypt.
		if _, err := unlock(&pem.Block{Bytes: p}, func() (string, error) { return "", refused }); err == nil {
			t.Error("unlocked without a passphrase")
		}
	})
}
