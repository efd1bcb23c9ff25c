package pki

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

// newCluster makes an authority in a folder of the test.
func newCluster(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pki")
	err := Run([]string{"cluster", "-dir", dir, "-cluster", "box", "-server", "https://10.0.0.2:6443",
		"-node", "box-node", "-node-ip", "10.0.0.2", "-san", "10.2.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestServerCertificateCoversEveryName(t *testing.T) {
	dir := newCluster(t)
	ca, err := load(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	server, err := load(dir, "apiserver")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	for _, name := range []string{"10.0.0.2", "10.2.0.1", "127.0.0.1", "localhost", "kubernetes.default.svc"} {
		if _, err := server.cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUserKubeconfig(t *testing.T) {
	dir := newCluster(t)
	file := filepath.Join(t.TempDir(), "user.kubeconfig")
	err := Run([]string{"user", "-dir", dir, "-name", "reader", "-group", "guests", "-namespace", "shop", "-out", file})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("kubeconfig: %v %v, want mode 0600: it holds a private key", info, err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != "https://10.0.0.2:6443" {
		t.Errorf("server %s", config.Host)
	}
	raw, err := clientcmd.LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if ns := raw.Contexts[raw.CurrentContext].Namespace; ns != "shop" {
		t.Errorf("namespace %q, want shop", ns)
	}
	ca, err := load(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	cert := parse(t, config.CertData)
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: usages}); err != nil {
		t.Errorf("not signed by the cluster's authority: %v", err)
	}
	if cert.Subject.CommonName != "reader" || !slices.Equal(cert.Subject.Organization, []string{"guests"}) {
		t.Errorf("subject %v", cert.Subject)
	}
}

func TestUserWithoutCluster(t *testing.T) {
	if err := Run([]string{"user", "-dir", t.TempDir(), "-name", "x", "-out", filepath.Join(t.TempDir(), "k")}); err == nil {
		t.Error("a user of no cluster was made")
	}
}

func parse(t *testing.T, content []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(content)
	if block == nil {
		t.Fatal("not PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
