package clientcert

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
)

// maxIterations limits how long a file can make the program work. OpenSSL uses 2048, and
// guides recommend up to a million.
const maxIterations = 20_000_000

var (
	errConvert    = errors.New("this encryption is not supported; convert the key: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW")
	errPassphrase = errors.New("wrong passphrase, or the file is damaged")
)

// The object identifiers of RFC 8018, appendix C.
var (
	idPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	idPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

var hashes = map[string]func() hash.Hash{
	"":                    sha1.New, // the default
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.8":  sha256.New224,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
}

var ciphers = map[string]struct {
	keySize int
	new     func(key []byte) (cipher.Block, error)
}{
	"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
	"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
	"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
	"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
}

// encryptedInfo is EncryptedPrivateKeyInfo (RFC 5958, section 3).
type encryptedInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

// pbes2 is PBES2-params, and pbkdf2Params is PBKDF2-params with a salt that is given (RFC
// 8018, appendix A).
type (
	pbes2 struct {
		Derivation, Cipher pkix.AlgorithmIdentifier
	}
	pbkdf2Params struct {
		Salt       []byte
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

// unlock decrypts a key in PKCS #8 with the passphrase that ask returns, which is called
// only if the encryption is known: PBES2 with PBKDF2, as OpenSSL has written it since
// version 1.1.
func unlock(block *pem.Block, ask func() (string, error)) (*pem.Block, error) {
	var info encryptedInfo
	var scheme pbes2
	var kdf pbkdf2Params
	var iv []byte
	if _, err := asn1.Unmarshal(block.Bytes, &info); err != nil {
		return nil, errors.New("the encrypted key is damaged")
	}
	if !info.Algorithm.Algorithm.Equal(idPBES2) || !parse(info.Algorithm, &scheme) ||
		!scheme.Derivation.Algorithm.Equal(idPBKDF2) || !parse(scheme.Derivation, &kdf) || !parse(scheme.Cipher, &iv) {
		return nil, errConvert
	}
	newHash, c := hashes[kdf.PRF.Algorithm.String()], ciphers[scheme.Cipher.Algorithm.String()]
	switch {
	case newHash == nil, c.new == nil, kdf.KeyLength != 0 && kdf.KeyLength != c.keySize:
		return nil, errConvert
	case kdf.Iterations < 1, kdf.Iterations > maxIterations:
		return nil, fmt.Errorf("%d iterations to derive a key: %w", kdf.Iterations, errConvert)
	}
	passphrase, err := ask()
	if err != nil {
		return nil, err
	}
	key, err := pbkdf2.Key(newHash, passphrase, kdf.Salt, kdf.Iterations, c.keySize)
	if err != nil {
		return nil, err
	}
	b, err := c.new(key)
	if err != nil {
		return nil, err
	}
	plain, ok := decrypt(b, iv, info.Data)
	if !ok {
		return nil, errPassphrase
	}
	// With a wrong passphrase, one in 256 times the padding is right by chance.
	if _, err := x509.ParsePKCS8PrivateKey(plain); err != nil {
		return nil, errPassphrase
	}
	return &pem.Block{Type: "PRIVATE KEY", Bytes: plain}, nil
}

func parse(id pkix.AlgorithmIdentifier, params any) bool {
	rest, err := asn1.Unmarshal(id.Parameters.FullBytes, params)
	return err == nil && len(rest) == 0
}

// decrypt decrypts data, and removes its padding (RFC 8018, section 6.1.1).
func decrypt(b cipher.Block, iv, data []byte) (plain []byte, ok bool) {
	size := b.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, false
	}
	plain = make([]byte, len(data))
	cipher.NewCBCDecrypter(b, iv).CryptBlocks(plain, data)
	n := int(plain[len(plain)-1])
	if n < 1 || n > size || !bytes.Equal(plain[len(plain)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, false
	}
	return plain[:len(plain)-n], true
}
