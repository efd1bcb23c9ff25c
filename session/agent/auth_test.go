package agent

import (
	"context"
	"crypto/rand"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestOnlyTheSessionsKeyIsLetIn(t *testing.T) {
	r := start(t, nil)
	ca := newKey(t)
	certificate := func(subject testKey) ssh.Signer {
		cert := &ssh.Certificate{Key: subject.signer.PublicKey(), CertType: ssh.UserCert, ValidBefore: ssh.CertTimeInfinity}
		if err := cert.SignCert(rand.Reader, ca.signer); err != nil {
			t.Fatal(err)
		}
		s, err := ssh.NewCertSigner(cert, subject.signer)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	tests := []struct {
		name string
		user string
		auth []ssh.AuthMethod
		ok   bool
	}{
		{"the key", "root", []ssh.AuthMethod{ssh.PublicKeys(r.client.signer)}, true},
		{"the key, no user", "", []ssh.AuthMethod{ssh.PublicKeys(r.client.signer)}, true},
		{"another key", "root", []ssh.AuthMethod{ssh.PublicKeys(newKey(t).signer)}, false},
		{"the host key", "root", []ssh.AuthMethod{ssh.PublicKeys(r.host.signer)}, false},
		{"a certificate for the key", "root", []ssh.AuthMethod{ssh.PublicKeys(certificate(r.client))}, false},
		{"a password", "root", []ssh.AuthMethod{ssh.Password("")}, false},
		{"nothing", "root", nil, false},
		{"the key after too many others", "root", []ssh.AuthMethod{ssh.PublicKeys(newKey(t).signer,
			newKey(t).signer, newKey(t).signer, newKey(t).signer, r.client.signer)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := r.config(r.client)
			cfg.User, cfg.Auth = tt.user, tt.auth
			c, err := ssh.Dial("tcp", r.address, cfg)
			if (err == nil) != tt.ok {
				t.Fatalf("error %v, want success %v", err, tt.ok)
			}
			if err == nil {
				c.Close()
			}
		})
	}
}

func TestHostKeyIsTheMountedOne(t *testing.T) {
	r := start(t, nil)
	cfg := r.config(r.client)
	cfg.HostKeyCallback = ssh.FixedHostKey(newKey(t).signer.PublicKey())
	if c, err := ssh.Dial("tcp", r.address, cfg); err == nil {
		c.Close()
		t.Fatal("a client that pins another host key was satisfied")
	}
}

func TestOnlyAESGCMIsNegotiated(t *testing.T) {
	r := start(t, nil)
	for cipher, ok := range map[string]bool{
		"aes128-gcm@openssh.com":        true,
		"aes256-gcm@openssh.com":        true,
		"chacha20-poly1305@openssh.com": false,
		"aes128-ctr":                    false,
	} {
		cfg := r.config(r.client)
		cfg.Ciphers = []string{cipher}
		c, err := ssh.Dial("tcp", r.address, cfg)
		if (err == nil) != ok {
			t.Errorf("%s: error %v, want success %v", cipher, err, ok)
		}
		if err == nil {
			c.Close()
		}
	}
}

func TestRunRefusesWhatItCannotServe(t *testing.T) {
	key, other := newKey(t), newKey(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := []struct {
		name, want string
		cfg        Config
	}{
		{"no host key", "host key", Config{AuthorizedKey: key.authorized}},
		{"no such host key", "host key", Config{HostKeyFile: filepath.Join(t.TempDir(), "none"), AuthorizedKey: key.authorized}},
		{"not a host key", "host key", Config{HostKey: []byte("nonsense"), AuthorizedKey: key.authorized}},
		{"no client key", "authorised key", Config{HostKey: key.privatePEM}},
		{"not a client key", "authorised key", Config{HostKey: key.privatePEM, AuthorizedKey: []byte("nonsense")}},
		{"two client keys", "more than one key", Config{HostKey: key.privatePEM,
			AuthorizedKey: append(append([]byte{}, key.authorized...), other.authorized...)}},
		{"options", "options are not supported", Config{HostKey: key.privatePEM,
			AuthorizedKey: append([]byte(`from="10.0.0.1" `), key.authorized...)}},
		{"not loopback", "not a loopback address", Config{Listen: "0.0.0.0:0", HostKey: key.privatePEM, AuthorizedKey: key.authorized}},
		{"every address", "not a loopback address", Config{Listen: ":0", HostKey: key.privatePEM, AuthorizedKey: key.authorized}},
		{"no port", "listen address", Config{Listen: "127.0.0.1", HostKey: key.privatePEM, AuthorizedKey: key.authorized}},
		{"taken", "address already in use", Config{Listen: taken.Addr().String(), HostKey: key.privatePEM, AuthorizedKey: key.authorized}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Run(context.Background(), tt.cfg)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "PRIVATE") {
				t.Fatalf("the error shows key material: %v", err)
			}
		})
	}
}

func TestEverythingElseIsRefused(t *testing.T) {
	r := start(t, nil)
	c := r.connect()
	for _, kind := range []string{"x11", "direct-streamlocal@openssh.com", "forwarded-tcpip", "tun@openssh.com", "auth-agent@openssh.com"} {
		_, _, err := c.OpenChannel(kind, nil)
		if refused, ok := err.(*ssh.OpenChannelError); !ok || refused.Reason != ssh.UnknownChannelType {
			t.Errorf("channel %s: %v, want unknown channel type", kind, err)
		}
	}
	for _, kind := range []string{"streamlocal-forward@openssh.com", "no-more-sessions@openssh.com", "hostkeys-prove-00@openssh.com"} {
		ok, _, err := c.SendRequest(kind, true, nil)
		if ok || err != nil {
			t.Errorf("request %s: ok %v, error %v, want a refusal", kind, ok, err)
		}
	}
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.RequestPty("xterm", 24, 80, nil); err == nil {
		t.Error("a terminal was given")
	}
	if err := s.Setenv("A", "b"); err == nil {
		t.Error("a variable was taken")
	}
	if err := s.Shell(); err == nil {
		t.Error("a shell was started")
	}
	s2, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s2.Close()
	if err := s2.Start("id"); err == nil {
		t.Error("a command was started")
	}
	s3, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s3.Close()
	if err := s3.RequestSubsystem("sftp"); err == nil {
		t.Error("sftp was started")
	}
}
