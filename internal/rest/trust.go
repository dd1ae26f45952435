package rest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"devops-tui/internal/text"
)

// Authorities are the system's certificate authorities and those of a PEM text.
func Authorities(pem []byte) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("there is no certificate in PEM form")
	}
	return pool, nil
}

// AuthorityFile is the Options.TLS for a server whose authority stands in a
// file, the setting ca_file; no file: nil, as the system has it.
func AuthorityFile(path string) (*tls.Config, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // the system's own
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	pool, err := Authorities(pem)
	if err != nil {
		return nil, fmt.Errorf("ca_file %s: %w", text.Clean(path), err)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}
