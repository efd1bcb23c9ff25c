package tunnel

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// Keys are both key pairs of one session: the agent proves itself with the
// host key, the laptop with the client key, and each side pins the other's.
// They are made on the laptop, live as long as the session, and are ed25519.
//
// The host's private half and the client's public half travel to the pod in a
// Secret; the client's private half stays on the laptop, where the session's
// journal may keep it (0600) so that a crashed session can be adopted.
type Keys struct {
	// HostPrivatePEM is the agent's private key, an OpenSSH PEM block.
	HostPrivatePEM []byte
	// HostPublic is the only host key that [Connect] accepts.
	HostPublic ssh.PublicKey
	// ClientSigner signs for the laptop.
	ClientSigner ssh.Signer
	// ClientPrivatePEM is ClientSigner's key, an OpenSSH PEM block.
	ClientPrivatePEM []byte
	// ClientAuthorized is the client's public key, one line as in an
	// authorized_keys file, with the newline.
	ClientAuthorized []byte
}

// NewKeys makes fresh keys from the system's random source.
func NewKeys() (Keys, error) {
	_, host, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Keys{}, fmt.Errorf("making the host key: %w", err)
	}
	_, client, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Keys{}, fmt.Errorf("making the client key: %w", err)
	}
	hostPEM, err := ssh.MarshalPrivateKey(host, "tandem host")
	if err != nil {
		return Keys{}, fmt.Errorf("encoding the host key: %w", err)
	}
	clientPEM, err := ssh.MarshalPrivateKey(client, "tandem client")
	if err != nil {
		return Keys{}, fmt.Errorf("encoding the client key: %w", err)
	}
	return LoadKeys(pem.EncodeToMemory(hostPEM), pem.EncodeToMemory(clientPEM))
}

// LoadKeys rebuilds Keys from the two private halves, as [NewKeys] gave them.
func LoadKeys(hostPrivatePEM, clientPrivatePEM []byte) (Keys, error) {
	// The parser's errors describe the form of the input and never quote it.
	host, err := ssh.ParsePrivateKey(hostPrivatePEM)
	if err != nil {
		return Keys{}, fmt.Errorf("reading the host key: %w", err)
	}
	client, err := ssh.ParsePrivateKey(clientPrivatePEM)
	if err != nil {
		return Keys{}, fmt.Errorf("reading the client key: %w", err)
	}
	return Keys{
		HostPrivatePEM:   hostPrivatePEM,
		HostPublic:       host.PublicKey(),
		ClientSigner:     client,
		ClientPrivatePEM: clientPrivatePEM,
		ClientAuthorized: ssh.MarshalAuthorizedKey(client.PublicKey()),
	}, nil
}

// String names the keys by their public fingerprints, so that a Keys in a log
// line or an error gives nothing away.
func (k Keys) String() string {
	if k.HostPublic == nil || k.ClientSigner == nil {
		return "keys(none)"
	}
	return fmt.Sprintf("keys(host %s, client %s)",
		ssh.FingerprintSHA256(k.HostPublic), ssh.FingerprintSHA256(k.ClientSigner.PublicKey()))
}

// GoString is [Keys.String], for %#v.
func (k Keys) GoString() string { return k.String() }
