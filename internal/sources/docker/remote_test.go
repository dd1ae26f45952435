package docker

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	dockertest "devops-tui/test/docker"
)

// fakeSSH puts a program called ssh in front of the PATH.
func fakeSSH(t *testing.T, script string) {
	t.Helper()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "ssh"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func sshSource(t *testing.T) *Source {
	t.Helper()
	found, err := Discover(t.Context(), sources.Options{DockerHosts: []string{"ssh://me@far"}, Home: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return found.Sources[0].(*Source)
}

func TestAnEngineBehindSSH(t *testing.T) {
	e := dockertest.Shared(t)
	pids := filepath.Join(t.TempDir(), "pids")
	// What a real ssh does: runs the command that comes after the host.
	fakeSSH(t, `echo $$ >> `+pids+`
while [ "$1" != "--" ]; do shift; done
shift 2
export DOCKER_HOST=`+e.Host+` DOCKER_CONFIG=`+e.Dir+`
exec "$@"
`)
	id := e.RunFor(t, dockertest.RunSpec{Name: "far", Args: []string{"-rate", "20", "-stderr", "0"}})
	s := sshSource(t)
	rec := sourcetest.NewRecorder(s.Info().Instance(), s.Info().Kinds)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, rec) }()
	until(t, 20*time.Second, "the container", func() bool { return rec.Find(containerRef("far", "far", id)) != nil })
	t.Cleanup(func() { // after the tail has ended too
		s.closeIdle()
		b, _ := os.ReadFile(pids)
		for _, p := range strings.Fields(string(b)) {
			pid, _ := strconv.Atoi(p)
			until(t, 10*time.Second, "ssh "+p+" has ended", func() bool { return syscall.Kill(pid, 0) != nil })
		}
	})
	logs := tailing(t, s, core.LogRequest{Ref: containerRef("far", "far", id), Tail: -1, Follow: true})
	until(t, 20*time.Second, "its log", func() bool { return len(logs.Texts()) > 10 })
	sequence(t, logs.All())
	echoes(t, s, containerRef("far", "far", id))
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// echoes runs a program in a container that gives back what it is given, until the
// end of the input has reached it.
func echoes(t *testing.T, s *Source, ref core.Ref) {
	t.Helper()
	op, err := s.PlanShell(t.Context(), ref, core.Shell{Command: []string{"/app", "cat"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(sources.Permit(t.Context()), 30*time.Second)
	defer cancel()
	var out screen
	said := strings.Repeat("there and back again\n", 10_000)
	if err := op.Session(ctx, core.Terminal{In: strings.NewReader(said), Out: &out, Err: &out}); err != nil || out.String() != said {
		t.Errorf("%d of %d bytes came back, %v", len(out.String()), len(said), err)
	}
}

func TestSSHThatFailsSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		kind   core.ProblemKind
		want   string
	}{
		"unknown host key": {"echo 'Host key verification failed.' >&2; exit 255", core.Unauthorized, "known_hosts"},
		"no key":           {"echo 'me@far: Permission denied (publickey).' >&2; exit 255", core.Unauthorized, "ssh-add"},
		"hostile":          {"printf 'bad \\033]0;title\\007\\033[2J' >&2; exit 255", core.Unreachable, "try: ssh far"},
		"no docker":        {"echo 'sh: docker: not found' >&2; exit 127", core.Unreachable, "PATH"},
		"chatty":           {"echo Welcome; echo; echo; sleep 60", core.Unreachable, "not HTTP"},
	} {
		t.Run(name, func(t *testing.T) {
			fakeSSH(t, c.script)
			s := sshSource(t)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := s.Probe(ctx)
			p := s.Problem(err)
			if p == nil || p.Kind != c.kind || !strings.Contains(p.Error(), c.want) && name != "chatty" {
				t.Errorf("%v: %v, want %v with %q", p.Kind, p, c.kind, c.want)
			}
			if strings.Contains(p.Error(), "\x1b") {
				t.Errorf("a control sequence in %q", p.Error())
			}
		})
	}
}

func TestSSHThatHangsIsEnded(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	fakeSSH(t, `echo $$ >> `+pids+`
sleep 300 &
echo $! >> `+pids+`
wait
`)
	s := sshSource(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := s.Probe(ctx); err == nil {
		t.Fatal("no error")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	b, _ := os.ReadFile(pids)
	for _, p := range strings.Fields(string(b)) {
		pid, _ := strconv.Atoi(p)
		until(t, dialTimeout+5*time.Second, "process "+p+" has ended", func() bool {
			stat, err := os.ReadFile("/proc/" + p + "/stat")
			return syscall.Kill(pid, 0) != nil || err == nil && strings.Contains(string(stat), ") Z")
		})
	}
}

// authority makes certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.key = newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.write(t, "ca.pem", "CERTIFICATE", der)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) write(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// issue writes NAME-cert or cert.pem and key.pem.
func (a *authority) issue(t *testing.T, certFile, keyFile string, usage x509.ExtKeyUsage) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: certFile}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{usage}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, certFile, "CERTIFICATE", der)
	a.write(t, keyFile, "PRIVATE KEY", private)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// secured puts TLS with client certificates in front of a real engine.
func secured(t *testing.T, e *dockertest.Engine, a *authority) string {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{a.issue(t, "server.pem", "server-key.pem", x509.ExtKeyUsageServerAuth)},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	})
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "docker"})
	proxy.Transport, proxy.FlushInterval = e.HTTP.Transport, -1
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "tcp://" + l.Addr().String()
}

func TestAnEngineBehindTLS(t *testing.T) {
	e := dockertest.Shared(t)
	a := newAuthority(t)
	address := secured(t, e, a)
	a.issue(t, "cert.pem", "key.pem", x509.ExtKeyUsageClientAuth)
	source := func(pairs ...string) *Source {
		found, err := Discover(t.Context(), sources.Options{DockerHosts: []string{address}, Home: t.TempDir(), Getenv: env(pairs...)})
		if err != nil {
			t.Fatal(err)
		}
		return found.Sources[0].(*Source)
	}
	id := e.RunFor(t, dockertest.RunSpec{Name: "secured"})
	s := source("DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", a.dir)
	rec := watching(t, s, core.Interest{})
	until(t, 10*time.Second, "the container", func() bool { return rec.Find(containerRef("secured", "127.0.0.1", id)) != nil })
	echoes(t, s, containerRef("secured", "127.0.0.1", id))

	problem := func(s *Source) *core.Problem {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := s.Probe(ctx)
		return s.Problem(err)
	}
	other := newAuthority(t)
	other.issue(t, "cert.pem", "key.pem", x509.ExtKeyUsageClientAuth)
	if p := problem(source("DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", other.dir)); p == nil || p.Kind != core.Unauthorized || !strings.Contains(p.Error(), "not trusted") {
		t.Errorf("a server of another authority: %v", p)
	}
	if err := os.Remove(filepath.Join(a.dir, "cert.pem")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(a.dir, "key.pem")); err != nil {
		t.Fatal(err)
	}
	if p := problem(source("DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", a.dir)); p == nil || p.Kind != core.Unauthorized || !strings.Contains(p.Error(), "client certificate") {
		t.Errorf("without a client certificate: %v", p)
	}
	if p := problem(source()); p == nil || p.Hint.Empty() {
		t.Errorf("without TLS: %v", p)
	}
}

func TestWhatIsWrongWithASocketIsSaid(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "d.sock")
	found, _ := Discover(t.Context(), sources.Options{DockerHosts: []string{"unix://" + gone}})
	s := found.Sources[0].(*Source)
	_, err := s.Probe(t.Context())
	if p := s.Problem(err); p.Kind != core.Unreachable || !strings.Contains(p.Error(), "cannot reach the Docker engine at unix://"+gone) || !strings.Contains(p.Error(), "systemctl start docker") {
		t.Errorf("no socket: %v", p)
	}
	if p := s.Problem(&connError{cause: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EACCES)}}); p.Kind != core.Forbidden || !strings.Contains(p.Error(), "usermod -aG docker") {
		t.Errorf("no permission: %v", p)
	}
	if err := s.Run(t.Context(), sourcetest.NewRecorder(s.Info().Instance(), s.Info().Kinds)); err == nil {
		t.Error("Run without an engine: no error")
	}
	if got := s.Diagnose(t.Context()); len(got) != 1 || got[0].Level != core.FindingProblem || got[0].Fix.Empty() {
		t.Errorf("Diagnose: %+v", got)
	}
}
