package docker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Problem implements sources.Source: the one place where errors become words.
func (s *Source) Problem(err error) *core.Problem {
	if err == nil {
		return nil
	}
	var p *core.Problem
	if errors.As(err, &p) {
		return p
	}
	p = &core.Problem{Cause: err, Summary: text.Error(err)}
	var conn *connError
	var old errOldEngine
	switch {
	case errors.Is(err, core.ErrReadOnly):
		p.Kind = core.Refused
	case errors.Is(err, core.ErrOutcomeUnknown):
		p.Kind = core.Unreachable
	case errors.As(err, &old):
		p.Kind, p.Hint = core.Unsupported, text.Lit("update the engine to Docker 19.03 or later")
	case errors.As(err, &conn):
		s.connProblem(p, conn.cause)
	case errors.Is(err, context.DeadlineExceeded):
		p.Kind, p.Summary = core.Unreachable, text.Sprintf("the Docker engine at %s did not answer in time", s.where())
	case errors.Is(err, context.Canceled):
		p.Kind = core.Unreachable
	case client.IsErrConnectionFailed(err):
		s.connProblem(p, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, new(net.Error)):
		p.Kind, p.Summary = core.Unreachable, text.Sprintf("the connection to the Docker engine at %s broke", s.where())
	case errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)):
		p.Kind, p.Summary = core.Unsupported, text.Sprintf("what answers at %s does not speak Docker's API", s.where())
		p.Hint = text.Lit("check the address")
	default:
		apiProblem(p, err)
	}
	return p
}

// apiProblem classes an error that the engine itself returned.
func apiProblem(p *core.Problem, err error) {
	p.Summary = text.CleanLong(strings.Replace(err.Error(), "Error response from daemon: ", "", 1))
	switch {
	case errdefs.IsNotFound(err):
		p.Kind = core.NotFound
	case errdefs.IsUnauthorized(err):
		p.Kind = core.Unauthorized
	case errdefs.IsPermissionDenied(err):
		p.Kind, p.Hint = core.Forbidden, text.Lit("an authorization plugin or the socket's proxy does not allow it")
	case errdefs.IsConflict(err), errdefs.IsNotModified(err), errdefs.IsAlreadyExists(err), errdefs.IsFailedPrecondition(err):
		p.Kind = core.Conflict
	case errdefs.IsInvalidArgument(err), errdefs.IsOutOfRange(err):
		p.Kind = core.Invalid
	case errdefs.IsNotImplemented(err):
		p.Kind = core.Unsupported
	case errdefs.IsResourceExhausted(err):
		p.Kind = core.Throttled
	case errdefs.IsUnavailable(err), errdefs.IsInternal(err), errdefs.IsUnknown(err):
		// The engine failed, not the cockpit: as far as the user is concerned
		// it cannot be used now.
		p.Kind = core.Unreachable
	}
	switch {
	case strings.Contains(err.Error(), "HTTP request to an HTTPS server"):
		p.Kind, p.Hint = core.Unauthorized, text.Lit("it wants TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH")
	case strings.Contains(err.Error(), "does not support reading"):
		p.Kind, p.Hint = core.Unsupported, text.Lit("the container's logging driver keeps no logs here: use json-file, local or journald")
	}
}

// connProblem explains why there is no connection.
func (s *Source) connProblem(p *core.Problem, cause error) {
	p.Kind = core.Unreachable
	p.Cause = cause
	where := s.where()
	p.Summary = text.Sprintf("cannot reach the Docker engine at %s", where)
	var ssh *sshError
	switch {
	case errors.As(cause, &ssh):
		sshProblem(p, s.host.ssh, ssh)
	case errors.Is(cause, errRedirect):
		p.Kind, p.Summary = core.Refused, text.Sprintf("the Docker engine at %s: %s", where, cause.Error())
	case errors.Is(cause, fs.ErrPermission):
		p.Kind = core.Forbidden
		p.Summary = text.Sprintf("you may not use the Docker engine at %s: permission denied", where)
		p.Hint = text.Lit("sudo usermod -aG docker $USER, then log in again")
	case errors.As(cause, new(*tls.CertificateVerificationError)), errors.As(cause, new(x509.UnknownAuthorityError)):
		p.Kind = core.Unauthorized
		p.Summary = text.Sprintf("the certificate of the Docker engine at %s is not trusted: %s", where, cause.Error())
		p.Hint = text.Lit("set DOCKER_CERT_PATH to the folder with its ca.pem, cert.pem and key.pem")
	case strings.Contains(cause.Error(), "remote error: tls"):
		p.Kind = core.Unauthorized
		p.Summary = text.Sprintf("the Docker engine at %s wants a client certificate: %s", where, cause.Error())
		p.Hint = text.Lit("set DOCKER_CERT_PATH to the folder with its ca.pem, cert.pem and key.pem")
	case strings.Contains(cause.Error(), "malformed HTTP"):
		p.Hint = text.Lit("it may want TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH")
	case errors.Is(cause, syscall.ENOENT), errors.Is(cause, syscall.ECONNREFUSED):
		p.Hint = text.Lit("is it running? systemctl start docker")
		if strings.HasPrefix(s.host.scope, "podman") {
			p.Hint = text.Lit("is it running? systemctl --user start podman.socket")
		}
	default:
		p.Summary = text.Sprintf("cannot reach the Docker engine at %s: %s", where, cause.Error())
		p.Hint = text.Lit("check the address and the network")
	}
}

func sshProblem(p *core.Problem, t sshTarget, e *sshError) {
	p.Summary = text.Sprintf("cannot reach the Docker engine by ssh to %s: %s", t.host, e.Error())
	says := e.stderr
	switch {
	case strings.Contains(says, "Host key verification failed"), strings.Contains(says, "host key is known"):
		p.Kind = core.Unauthorized
		p.Hint = text.Sprintf("its key is not in known_hosts: run ssh %s once and check the fingerprint", t.host)
	case strings.Contains(says, "Permission denied"):
		p.Kind, p.Hint = core.Unauthorized, text.Lit("nothing is asked here: add the key to the agent (ssh-add) first")
	case strings.Contains(says, "dial-stdio"), strings.Contains(says, "not found"):
		p.Hint = text.Lit("the docker command, 18.09 or later, must be in the PATH on that host")
	case strings.Contains(says, "permission denied while trying to connect"):
		p.Kind, p.Hint = core.Forbidden, text.Lit("add that user to the docker group there: sudo usermod -aG docker USER")
	default:
		p.Hint = text.Sprintf("try: ssh %s docker version", t.host)
	}
}

// where is the host's address as it may be shown.
func (s *Source) where() string { return withoutUser(s.host.url) }

// notFound is the problem of an object that is not there.
func notFound(kind, name string) *core.Problem {
	return &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("no such %s: %s", kind, name)}
}

// unsupported is the problem of a kind that cannot do what was asked.
func unsupported(kind, what string) *core.Problem {
	return &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("%s has no %s", kind, what)}
}
