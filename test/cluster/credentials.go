package cluster

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/csv"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// writeCredentials makes the certificates, the tokens of every user, their
// kubeconfigs, and the HTTP client of the admin.
func (c *Cluster) writeCredentials() error {
	if err := c.writeCertificates(); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	var tokens bytes.Buffer
	table := csv.NewWriter(&tokens)
	add := func(name string, groups ...string) string {
		token := rand.Text()
		_ = table.Write([]string{token, name, name, strings.Join(groups, ",")})
		return token
	}
	const masters = "system:masters"
	c.Token = add("admin", masters)
	c.Kubeconfig = c.file("kubeconfig")
	files := map[string]string{
		c.Kubeconfig:                   c.Token,
		c.file("kcm.kubeconfig"):       add("system:kube-controller-manager", masters),
		c.file("scheduler.kubeconfig"): add("system:kube-scheduler", masters),
		c.file("kwok.kubeconfig"):      add("kwok", masters),
	}
	for name, groups := range c.opts.Users {
		c.users[name] = add(name, groups...)
	}
	table.Flush()
	if err := os.WriteFile(c.file("tokens.csv"), tokens.Bytes(), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(c.file("audit-policy.yaml"), []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	for path, token := range files {
		if err := os.WriteFile(path, c.kubeconfig("admin", token), 0o600); err != nil {
			return err
		}
	}
	c.HTTP = c.client(c.Token)
	return nil
}

// KubeconfigFor writes a kubeconfig of a user of Options.Users and returns its path.
func (c *Cluster) KubeconfigFor(user string) (string, error) {
	token, ok := c.users[user]
	if !ok {
		return "", fmt.Errorf("no user %q in Options.Users", user)
	}
	path := c.file("user-" + strings.NewReplacer("/", "_", ":", "_").Replace(user) + ".kubeconfig")
	return path, os.WriteFile(path, c.kubeconfig(user, token), 0o600)
}

// TokenFor returns the bearer token of a user of Options.Users, "" if there is none.
func (c *Cluster) TokenFor(user string) string { return c.users[user] }

// ClientFor returns an HTTP client that trusts the cluster's CA and sends the user's token.
func (c *Cluster) ClientFor(user string) *http.Client { return c.client(c.users[user]) }

// CA returns the PEM certificate that signed the API server's.
func (c *Cluster) CA() []byte { return bytes.Clone(c.caPEM) }

func (c *Cluster) client(token string) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(c.caPEM)
	return &http.Client{Transport: bearer{token, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}}
}

func (c *Cluster) kubeconfig(user, token string) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: %[1]q, cluster: {server: %[2]q, certificate-authority-data: %[3]s}}]
users: [{name: %[4]q, user: {token: %[5]q}}]
contexts: [{name: %[1]q, context: {cluster: %[1]q, user: %[4]q, namespace: default}}]
current-context: %[1]q
`, c.Name, c.URL, base64.StdEncoding.EncodeToString(c.caPEM), user, token)
}

type bearer struct {
	token string
	next  *http.Transport
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the transport.
func (b bearer) CloseIdleConnections() { b.next.CloseIdleConnections() }

// writeCertificates makes one CA, a serving and a client certificate and the
// service account key. ECDSA, since RSA would cost a second.
func (c *Cluster) writeCertificates() error {
	ca, err := c.issue("ca", &x509.Certificate{
		Subject: pkix.Name{CommonName: "devops-tui test cluster"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}, nil)
	if err != nil {
		return err
	}
	c.caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	_, serving := c.issue("serving", &x509.Certificate{
		Subject: pkix.Name{CommonName: "kube-apiserver"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: both,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)}, DNSNames: []string{"localhost", "kubernetes", "kubernetes.default.svc"},
	}, ca)
	_, client := c.issue("client", &x509.Certificate{
		Subject:  pkix.Name{CommonName: "front-proxy", Organization: []string{"system:masters"}},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: both,
	}, ca)
	_, account := c.issue("sa", &x509.Certificate{Subject: pkix.Name{CommonName: "sa"}}, ca)
	return errors.Join(serving, client, account)
}

type issued struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue writes name.crt and name.key, signed by ca, or by itself when ca is nil.
func (c *Cluster) issue(name string, template *x509.Certificate, ca *issued) (*issued, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if ca == nil {
		ca = &issued{template, key}
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		return nil, err
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(30*24*time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return &issued{cert, key}, errors.Join(
		os.WriteFile(c.file(name+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(c.file(name+".key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), 0o600))
}
