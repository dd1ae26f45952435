package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Problem maps an error of the API server or of the way to it to words for a user.
func (s *Source) Problem(err error) *core.Problem {
	return s.problem(text.Safe{}, err)
}

// problem maps err; what says what was attempted ("cannot list pods in payments").
func (s *Source) problem(what text.Safe, err error) *core.Problem {
	if err == nil {
		return nil
	}
	var p *core.Problem
	if errors.As(err, &p) {
		return p
	}
	p = s.classify(err)
	p.Cause = err
	if !what.Empty() {
		p.Summary = text.Concat(what, text.Lit(": "), p.Summary)
	}
	return p
}

func (s *Source) classify(err error) *core.Problem {
	var status *statusError
	var plugin *pluginError
	var unknownCA x509.UnknownAuthorityError
	var host x509.HostnameError
	var expired x509.CertificateInvalidError
	var dns *net.DNSError
	var alert tls.AlertError
	switch {
	case errors.Is(err, core.ErrReadOnly):
		return &core.Problem{Kind: core.Refused, Summary: text.Lit("read-only: the request was not sent")}
	case errors.As(err, &status):
		return s.classifyStatus(status)
	case errors.As(err, &plugin):
		return &core.Problem{Kind: core.Unauthorized, Summary: text.Error(plugin), Hint: plugin.hint()}
	case errors.Is(err, errBadName):
		return &core.Problem{Kind: core.Invalid, Summary: text.Error(err)}
	case errors.As(err, &unknownCA):
		return &core.Problem{
			Kind: core.Unreachable, Summary: text.Lit("the server's certificate is signed by an authority that is not known"),
			Hint: text.Lit("check certificate-authority-data in the kubeconfig, or whether a proxy is in between"),
		}
	case errors.As(err, &host):
		return &core.Problem{
			Kind: core.Unreachable, Summary: text.Lit("the server's certificate is for another host"),
			Hint: text.Lit("check server: and tls-server-name: in the kubeconfig"),
		}
	case errors.As(err, &expired):
		return &core.Problem{
			Kind: core.Unreachable, Summary: text.Sprintf("the server's certificate is not valid: %s", expired.Error()),
			Hint: text.Lit("check this machine's clock and the age of the server's certificate"),
		}
	case errors.As(err, &alert):
		return &core.Problem{
			Kind: core.Unauthorized, Summary: text.Sprintf("the server refused the TLS handshake: %s", alert.Error()),
			Hint: text.Lit("the client certificate may have expired: fetch a new kubeconfig"),
		}
	case errors.As(err, &dns):
		return &core.Problem{
			Kind: core.Unreachable, Summary: text.Sprintf("cannot resolve %s", s.client.base.Hostname()),
			Hint: text.Lit("check the VPN and the server: line of the kubeconfig"),
		}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &core.Problem{
			Kind: core.Unreachable, Summary: text.Sprintf("connection refused by %s", s.client.base.Host),
			Hint: text.Lit("the API server is not running there; check the context: kubectl config current-context"),
		}
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return &core.Problem{
			Kind: core.Unreachable, Summary: text.Sprintf("no answer from %s in time", s.client.base.Host),
			Hint: text.Lit("check the network and the VPN"),
		}
	case errors.Is(err, context.Canceled):
		return &core.Problem{Kind: core.Unreachable, Summary: text.Lit("cancelled")}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.EPIPE):
		return &core.Problem{Kind: core.Unreachable, Summary: text.Sprintf("%s closed the connection", s.client.base.Host)}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return &core.Problem{Kind: core.Unreachable, Summary: text.Error(op), Hint: text.Lit("check the network and the VPN")}
	}
	if strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return &core.Problem{Kind: core.Unreachable, Summary: text.Lit("the server speaks HTTP, not HTTPS"), Hint: text.Lit("check server: in the kubeconfig")}
	}
	return &core.Problem{Kind: core.Internal, Summary: text.Error(err)}
}

func (s *Source) classifyStatus(e *statusError) *core.Problem {
	p := &core.Problem{Summary: text.Error(e)}
	switch e.Code {
	case http.StatusUnauthorized:
		p.Kind = core.Unauthorized
		p.Summary = text.Lit("the server does not accept the credentials")
		p.Hint = text.Lit("the token or certificate may have expired: log in again, or fetch a new kubeconfig")
	case http.StatusForbidden:
		p.Kind = core.Forbidden
		p.Summary = rbacReason(e.Message)
		p.Hint = text.Lit("ask for a role that allows it; kubectl auth can-i --list shows what is allowed")
	case http.StatusNotFound:
		p.Kind = core.NotFound
	case http.StatusConflict:
		p.Kind = core.Conflict
		p.Hint = text.Lit("it changed meanwhile: look again")
	case http.StatusGone:
		p.Kind = core.Conflict
	case http.StatusTooManyRequests:
		p.Kind = core.Throttled
		p.Hint = text.Lit("the server is busy; it is asked again by itself")
	case http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		p.Kind = core.Unsupported
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		p.Kind = core.Invalid
	case http.StatusFound, http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect, http.StatusSeeOther:
		p.Kind = core.Unauthorized
		p.Summary = text.Lit("the server sends us elsewhere; credentials go only to the server of the kubeconfig")
		p.Hint = text.Lit("a login page is probably in between: log in again")
	default:
		p.Kind = core.Internal
		if e.Code >= 500 {
			p.Kind = core.Unreachable
			p.Summary = text.Sprintf("the API server answers %d: %s", e.Code, e.Error())
		}
	}
	return p
}

// rbacReason shortens the authorizer's sentence, whose first half repeats what
// the summary says already.
func rbacReason(msg string) text.Safe {
	if i := strings.Index(msg, "is forbidden: "); i >= 0 {
		msg = msg[i+len("is forbidden: "):]
	}
	if msg == "" {
		msg = "forbidden"
	}
	return text.Sprintf("forbidden: %s", msg)
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
