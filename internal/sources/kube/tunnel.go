package kube

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	portforwardv1 "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/tools/portforward"
	clientspdy "k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/transport/websocket"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"devops-tui/internal/core"
)

// tunnel carries connections to one pod's ports over one connection to the API
// server.
type tunnel struct {
	streams httpstream.Connection
	raw     io.Closer // what the streams run over; nil: not known
	next    atomic.Int64
	once    sync.Once
}

// tunnel opens a tunnel to a pod: SPDY's streams within a WebSocket, else SPDY.
func (c *client) tunnel(ctx context.Context, pod core.Ref) (*tunnel, error) {
	where, err := c.url(request{path: builtinByName["pod"].object(pod, "portforward")})
	if err != nil {
		return nil, err
	}
	type dialled struct {
		t   *tunnel
		err error
	}
	done := make(chan dialled, 1)
	core.Go("kube: open a tunnel", func() {
		t, err := c.overWebSocket(ctx, where.String())
		if err != nil && older(err) {
			t, err = c.overSPDY(ctx, where.String())
		}
		done <- dialled{t, err}
	})
	select {
	case d := <-done:
		return d.t, opened(d.err)
	case <-ctx.Done(): // not every handshake listens to it
		core.Go("kube: close a tunnel that came late", func() {
			if d := <-done; d.err == nil {
				d.t.close()
			}
		})
		return nil, ctx.Err()
	}
}

func (c *client) overWebSocket(ctx context.Context, where string) (*tunnel, error) {
	ws := &websocket.RoundTripper{}
	rt, err := c.upgrade.through(ws)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, err
	}
	conn, err := websocket.Negotiate(rt, ws, req, portforwardv1.WebsocketsSPDYTunnelingPortForwardV1)
	if err != nil {
		return nil, err
	}
	raw := alive{portforward.NewTunnelingConnectionWithLogger(klog.Background(), conn)}
	s, err := spdy.NewClientConnectionWithPings(raw, channelPing)
	if err != nil {
		return nil, err
	}
	return &tunnel{streams: s, raw: raw}, nil
}

func (c *client) overSPDY(ctx context.Context, where string) (*tunnel, error) {
	rt, last, err := c.upgrade.spdy()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, where, nil)
	if err != nil {
		return nil, err
	}
	dial := &noting{next: rt}
	s, _, err := clientspdy.NegotiateStreaming(clientspdy.NewUpgraderForStreaming(last), &http.Client{Transport: dial}, req, portforwardv1.PortForwardV1Name)
	if err != nil {
		return nil, dial.error(err)
	}
	return &tunnel{streams: s}, nil
}

// alive breaks a connection on which not even the answers to our pings come.
type alive struct{ net.Conn }

func (a alive) Read(b []byte) (int, error) {
	if err := a.SetReadDeadline(time.Now().Add(3*channelPing + 5*time.Second)); err != nil {
		return 0, err
	}
	return a.Conn.Read(b)
}

// closed is closed when the tunnel is.
func (t *tunnel) closed() <-chan bool { return t.streams.CloseChan() }

// close ends the tunnel and all that goes through it. It does not block.
func (t *tunnel) close() {
	t.once.Do(func() {
		core.Go("kube: close a tunnel", func() {
			if t.raw != nil {
				_ = t.raw.Close() // what a dead connection would not take anyway
			}
			_ = t.streams.Close()
		})
	})
}

// carry connects conn with a port of the pod until one side ends, and returns
// what the other side said went wrong, "" if nothing.
func (t *tunnel) carry(conn net.Conn, port int, in, out *atomic.Int64) (string, error) {
	defer conn.Close()
	head := http.Header{}
	head.Set(corev1.StreamType, corev1.StreamTypeError)
	head.Set(corev1.PortHeader, strconv.Itoa(port))
	head.Set(corev1.PortForwardRequestIDHeader, strconv.FormatInt(t.next.Add(1), 10))
	faults, err := t.streams.CreateStream(head)
	if err != nil {
		return "", err
	}
	defer t.streams.RemoveStreams(faults)
	_ = faults.Close() // nothing is written to it
	said := make(chan string, 1)
	core.Go("kube: faults of a forwarded connection", func() {
		b, _ := io.ReadAll(io.LimitReader(faults, 4<<10))
		said <- string(b)
	})
	head.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := t.streams.CreateStream(head)
	if err != nil {
		_ = faults.Reset()
		return "", err
	}
	defer t.streams.RemoveStreams(data)
	core.Go("kube: forward to the pod", func() {
		_, err := io.Copy(counting{data, out}, conn)
		if err != nil {
			_ = data.Reset() // ours broke: the other direction ends too
			return
		}
		_ = data.Close() // the half that is ours
	})
	_, _ = io.Copy(counting{conn, in}, data)
	_ = conn.Close()
	_ = data.Reset() // what nobody reads would hold up the other connections
	select {
	case msg := <-said:
		return msg, nil
	case <-t.closed():
		_ = faults.Reset()
		return "", nil
	}
}

// counting counts what is written through it.
type counting struct {
	io.Writer
	n *atomic.Int64
}

func (c counting) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.n.Add(int64(n))
	return n, err
}
