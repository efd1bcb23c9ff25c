package agent

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"os"

	"golang.org/x/crypto/ssh"
)

var errUnknownKey = errors.New("not the key of this session")

// serverConfig reads the keys and builds what every handshake uses. It also
// notes the host key's fingerprint for the log.
func (c *Config) serverConfig() (*ssh.ServerConfig, error) {
	pem, err := contentOr(c.HostKey, c.HostKeyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the host key: %w", err)
	}
	host, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		return nil, fmt.Errorf("parsing the host key %s: %w", c.HostKeyFile, err)
	}
	line, err := contentOr(c.AuthorizedKey, c.AuthorizedKeyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the authorised key: %w", err)
	}
	allowed, err := parseAuthorizedKey(line)
	if err != nil {
		return nil, fmt.Errorf("parsing the authorised key %s: %w", c.AuthorizedKeyFile, err)
	}
	c.hostKeyFingerprint = ssh.FingerprintSHA256(host.PublicKey())

	allowedWire := allowed.Marshal()
	cfg := &ssh.ServerConfig{
		// Where the processor has AES instructions, as on every amd64 and arm64
		// node, AES-GCM moves three times the bytes of ChaCha20. In SSH the
		// client's order decides, so the only way to prefer it is to offer
		// nothing else; every OpenSSH since 6.2 has it.
		Config:        ssh.Config{Ciphers: []string{"aes128-gcm@openssh.com", "aes256-gcm@openssh.com"}},
		MaxAuthTries:  maxAuthTries,
		ServerVersion: "SSH-2.0-tandem",
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			// A certificate never equals a plain key, whatever it certifies.
			if subtle.ConstantTimeCompare(key.Marshal(), allowedWire) != 1 {
				return nil, errUnknownKey
			}
			return &ssh.Permissions{}, nil
		},
	}
	cfg.AddHostKey(host)
	return cfg, nil
}

// parseAuthorizedKey reads exactly one key. Options are refused rather than
// ignored: whoever wrote one expected it to restrict something.
func parseAuthorizedKey(content []byte) (ssh.PublicKey, error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey(content)
	if err != nil {
		return nil, err
	}
	if len(options) > 0 {
		return nil, errors.New("options are not supported")
	}
	if _, ok := key.(*ssh.Certificate); ok {
		return nil, errors.New("certificates are not supported")
	}
	if _, _, _, _, err := ssh.ParseAuthorizedKey(rest); err == nil {
		return nil, errors.New("more than one key")
	}
	return key, nil
}

// contentOr returns content, or what the file holds.
func contentOr(content []byte, file string) ([]byte, error) {
	if len(bytes.TrimSpace(content)) > 0 {
		return content, nil
	}
	if file == "" {
		return nil, errors.New("no file was given")
	}
	return os.ReadFile(file)
}
