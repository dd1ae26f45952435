package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Problem puts an error of this client, or of what is called with it, into a
// user's words. nil stays nil, and a *core.Problem stays as it is.
func (c *Client) Problem(err error) *core.Problem {
	if err == nil {
		return nil
	}
	var p *core.Problem
	if errors.As(err, &p) {
		return p
	}
	p = &core.Problem{Cause: err, Summary: text.CleanLong(c.secrets.scrub(err.Error()))}
	var e *Error
	var held *Held
	var name *badName
	var large errTooLarge
	switch {
	case errors.Is(err, core.ErrReadOnly):
		p.Kind = core.Refused
	case errors.Is(err, core.ErrOutcomeUnknown):
		p.Kind = core.Unreachable
	case errors.As(err, &e):
		return c.refusal(p, e)
	case errors.As(err, &held):
		p.Kind = core.Throttled
		p.Summary = text.Sprintf("%s: %s", c.o.Product, held.Error())
		p.Hint = text.Lit("it goes on by itself then")
	case errors.As(err, &name):
		p.Kind = core.Invalid
	case errors.As(err, &large):
		p.Kind = core.Unsupported
		p.Summary = text.Sprintf("%s: %s", c.o.Product, large.Error())
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		p.Kind, p.Summary = core.Unreachable, text.Sprintf("%s at %s did not answer in time", c.o.Product, c.base.Host)
	case errors.Is(err, context.Canceled):
		p.Kind = core.Unreachable
	default:
		c.connection(p, err)
	}
	return p
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// connection explains why there is no answer.
func (c *Client) connection(p *core.Problem, err error) {
	var bad *badAnswer
	var redirect errRedirect
	var dns *net.DNSError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	host0 := c.base.Host
	switch {
	case errors.As(err, &bad), errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)):
		p.Kind, p.Summary = core.Unsupported, text.Sprintf("what answers at %s does not speak %s's API", host0, c.o.Product)
		p.Hint = text.Lit("check the address; a sign-in page of a proxy answers so too")
	case errors.As(err, &redirect):
		p.Kind, p.Summary = core.Refused, text.Sprintf("%s at %s: %s", c.o.Product, host0, redirect.Error())
		p.Hint = text.Lit("check the address in the configuration")
	case errors.As(err, &dns):
		p.Kind, p.Summary = core.Unreachable, text.Sprintf("no such host: %s", c.base.Hostname())
		p.Hint = text.Lit("check the address and the network")
	case errors.As(err, &host):
		p.Kind, p.Summary = core.Unauthorized, text.Sprintf("the certificate at %s is not its own: %s", host0, host.Error())
		p.Hint = text.Lit("check the address")
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(x509.UnknownAuthorityError)):
		p.Kind, p.Summary = core.Unauthorized, text.Sprintf("the certificate of %s at %s is not trusted: %s", c.o.Product, host0, certificate(err))
		p.Hint = text.Lit("if it is signed by your organisation, name its CA: SSL_CERT_FILE=/path/to/ca.pem")
	case errors.As(err, &record):
		p.Kind, p.Summary = core.Unreachable, text.Sprintf("what answers at %s does not speak TLS", host0)
		p.Hint = text.Lit("check the address: is it http, or another port?")
	case errors.Is(err, syscall.ECONNREFUSED):
		p.Kind, p.Summary = core.Unreachable, text.Sprintf("cannot reach %s at %s: connection refused", c.o.Product, host0)
		p.Hint = text.Lit("is it running? check the address and the network")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		p.Kind, p.Summary = core.Unreachable, text.Sprintf("the connection to %s at %s broke", c.o.Product, host0)
	case errors.As(err, new(*net.OpError)), errors.As(err, new(*Failure)):
		p.Kind = core.Unreachable
		p.Summary = text.Sprintf("cannot reach %s at %s: %s", c.o.Product, host0, c.secrets.scrub(root(err).Error()))
		p.Hint = text.Lit("check the address and the network")
	}
}

// root is the cause of a Failure, without the request's name.
func root(err error) error {
	var f *Failure
	if errors.As(err, &f) {
		return f.Cause
	}
	return err
}

func certificate(err error) string {
	var v *tls.CertificateVerificationError
	if errors.As(err, &v) && v.Err != nil {
		return v.Err.Error()
	}
	return root(err).Error()
}

// refusal puts an answer of 400 and above into words: the product's own where it has some.
func (c *Client) refusal(p *core.Problem, e *Error) *core.Problem {
	if c.o.Refusal != nil {
		if own := c.o.Refusal(e); own != nil {
			return own
		}
	}
	says := e.Message
	if says.Empty() {
		says = text.Clean(http.StatusText(e.Status))
	}
	product := c.o.Product
	throttled := e.Status == http.StatusTooManyRequests || e.Status == http.StatusForbidden && e.RetryAt.After(c.o.Now())
	switch {
	case throttled:
		p.Kind, p.Summary = core.Throttled, text.Sprintf("%s wants fewer requests: %s", product, says)
		if !e.RetryAt.IsZero() {
			p.Hint = text.Sprintf("it goes on at %s", e.RetryAt.Local().Format(time.TimeOnly))
		}
	case e.Status == http.StatusUnauthorized:
		p.Kind, p.Summary = core.Unauthorized, text.Sprintf("%s does not accept the token: %s", product, says)
		p.Hint = text.Lit("it is wrong, expired or revoked: sign in again, or make a new one")
	case e.Status == http.StatusForbidden:
		p.Kind, p.Summary = core.Forbidden, text.Sprintf("%s does not allow %s: %s", product, e.what(), says)
		p.Hint = text.Lit("the token or its user lacks a right: doctor shows which")
	case e.Status == http.StatusNotFound, e.Status == http.StatusGone:
		p.Kind, p.Summary = core.NotFound, text.Sprintf("%s has no %s, or this user may not see it", product, e.Path)
	case e.Status == http.StatusConflict, e.Status == http.StatusPreconditionFailed, e.Status == http.StatusLocked:
		p.Kind, p.Summary = core.Conflict, text.Sprintf("%s: %s", product, says)
	case e.Status == http.StatusBadRequest, e.Status == http.StatusUnprocessableEntity, e.Status == http.StatusRequestEntityTooLarge:
		p.Kind, p.Summary = core.Invalid, text.Sprintf("%s refuses %s: %s", product, e.what(), says)
	case e.Status == http.StatusMethodNotAllowed, e.Status == http.StatusNotImplemented, e.Status == http.StatusNotAcceptable:
		p.Kind, p.Summary = core.Unsupported, text.Sprintf("%s cannot do %s: %s", product, e.what(), says)
	case e.Status == http.StatusProxyAuthRequired:
		p.Kind, p.Summary = core.Unauthorized, text.Lit("the proxy wants a user and a password")
		p.Hint = text.Lit("set them in HTTPS_PROXY")
	case e.Status >= 500:
		p.Kind, p.Summary = core.Unreachable, text.Sprintf("%s is out of order: %d %s", product, e.Status, says)
		p.Hint = text.Lit("it is tried again by itself")
	case e.Status < 400:
		p.Kind, p.Summary = core.Unsupported, text.Sprintf("%s says that %s has moved", product, e.Path)
		p.Hint = text.Lit("use its new name")
	default:
		p.Kind = core.Invalid
	}
	return p
}

// what names the request: "POST /repos/acme/shop/…".
func (e *Error) what() text.Safe {
	return text.Join(text.Lit(" "), text.Clean(e.Method), text.Clean(e.Path))
}
