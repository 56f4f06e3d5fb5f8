//go:build httpdtest

package httpdtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"testing"
	"time"
)

// keys are what TLS needs: a certificate of the server that has signed itself, and
// one of a client with an odd name.
type keys struct {
	client tls.Certificate
	roots  *x509.CertPool
}

// oddName is what a user is called whose name comes from a certificate.
const oddName = `jo: "hn" [01/Jan/2020:00:00:00 +0000] é\`

func writeKeys(t *testing.T, dir string) *keys {
	t.Helper()
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "secure.example"}, DNSNames: []string{"secure.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	server := sign(t, authority, authority, serverKey, serverKey)
	clientKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	client := sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: oddName, Organization: []string{"a | b -> c"}},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, authority, clientKey, serverKey)

	secret, err := x509.MarshalPKCS8PrivateKey(serverKey)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	writeFile(t, filepath.Join(dir, "conf", "server.pem"), text, 0o600)

	k := &keys{client: tls.Certificate{Certificate: [][]byte{client}, PrivateKey: clientKey}, roots: x509.NewCertPool()}
	root, err := x509.ParseCertificate(server)
	if err != nil {
		t.Fatal(err)
	}
	k.roots.AddCert(root)
	return k
}

func sign(t *testing.T, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
