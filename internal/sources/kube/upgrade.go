package kube

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	gorilla "github.com/gorilla/websocket"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/transport"
	"k8s.io/client-go/transport/websocket"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

const (
	// dialLimit is how long a server may take to open a channel.
	dialLimit = 30 * time.Second
	// channelPing keeps idle channels alive through balancers, and tells a dead one.
	channelPing = 10 * time.Second
)

// upgrader opens what leaves HTTP: exec, attach and port-forward. Its requests
// go the way of all others (credential, impersonation, gate, proxy, TLS), but
// their connections are not among those that are cut when the server is
// slow to answer: a shell would end.
type upgrader struct{ conf *transport.Config }

// parts are what a single dial needs. TLS is read afresh, so that renewed
// certificates count.
func (u *upgrader) parts() (*tls.Config, func(*http.Request) (*url.URL, error), error) {
	conf := *u.conf // loading files writes into it
	t, err := transport.TLSConfigFor(&conf)
	if err != nil {
		return nil, nil, err
	}
	if t != nil {
		t = t.Clone()
		t.NextProtos = []string{"http/1.1"} // HTTP/2 has no upgrade
	}
	proxy := conf.Proxy
	if proxy == nil {
		proxy = utilnet.NewProxierWithNoProxyCIDR(http.ProxyFromEnvironment)
	}
	return t, proxy, nil
}

// through is the way of every request, with ws at its end.
func (u *upgrader) through(ws *websocket.RoundTripper) (http.RoundTripper, error) {
	t, proxy, err := u.parts()
	if err != nil {
		return nil, err
	}
	ws.TLSConfig, ws.Proxier = t, proxy
	return u.wrapped(ws)
}

func (u *upgrader) wrapped(last http.RoundTripper) (http.RoundTripper, error) {
	conf := *u.conf
	rt, err := transport.HTTPWrappersForConfig(&conf, last)
	if err != nil {
		return nil, err
	}
	return limited{rt}, nil
}

// spdy is the older way, for servers and proxies without WebSocket.
func (u *upgrader) spdy() (http.RoundTripper, *spdy.SpdyRoundTripper, error) {
	t, proxy, err := u.parts()
	if err != nil {
		return nil, nil, err
	}
	last, err := spdy.NewRoundTripperWithConfig(spdy.RoundTripperConfig{TLS: t, Proxier: proxy, PingPeriod: channelPing})
	if err != nil {
		return nil, nil, err
	}
	rt, err := u.wrapped(last)
	if err != nil {
		return nil, nil, err
	}
	return answered{rt}, last, nil
}

// limited bounds how long a channel takes to open, not how long it is open.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), dialLimit)
	defer cancel()
	return l.next.RoundTrip(r.WithContext(ctx))
}

// answered makes an error of an answer that is no upgrade, before its status
// gets lost.
type answered struct{ next http.RoundTripper }

func (a answered) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(r)
	if err != nil || resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, err
	}
	defer resp.Body.Close()
	return nil, statusOf(resp)
}

// older reports whether the older way is worth a try: the channel was not
// opened, and the answer was not the API server's last word. Servers before
// 1.30 check another permission for WebSockets, so forbidden is not.
func older(err error) bool {
	if httpstream.IsHTTPSProxyError(err) {
		return true
	}
	var status *apierrors.StatusError
	if errors.As(err, &status) {
		return status.ErrStatus.Code == http.StatusForbidden
	}
	return httpstream.IsUpgradeFailure(err)
}

// opened gives an error of a dial the form that other requests have.
func opened(err error) error {
	var status *apierrors.StatusError
	if errors.As(err, &status) {
		e := &statusError{Code: int(status.ErrStatus.Code)}
		e.take(&status.ErrStatus)
		return e
	}
	return err
}

// isLost reports whether the connection broke, in contrast to what the other
// side said.
func isLost(err error) bool {
	var closed *gorilla.CloseError
	var op net.Error
	return errors.As(err, &closed) || errors.As(err, &op) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed)
}
