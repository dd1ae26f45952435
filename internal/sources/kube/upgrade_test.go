package kube

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

// tunnelProxy is an HTTP proxy as companies have them: it knows CONNECT only.
func tunnelProxy(t *testing.T) (url string, tunnels *atomic.Int32) {
	t.Helper()
	tunnels = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
			return
		}
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer there.Close()
		tunnels.Add(1)
		here, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(there, rw); _ = there.Close() }()
		_, _ = io.Copy(here, there)
	}))
	t.Cleanup(server.Close)
	return server.URL, tunnels
}

// TestChannelsThroughProxy: what leaves HTTP takes the proxy of the kubeconfig too.
func TestChannelsThroughProxy(t *testing.T) {
	c, _, ns := shellWorld(t)
	url, tunnels := tunnelProxy(t)
	conf, err := clientcmd.LoadFromFile(c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for _, cluster := range conf.Clusters {
		cluster.ProxyURL = url
	}
	path := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*conf, path); err != nil {
		t.Fatal(err)
	}
	s := over(t, path, &sources.Gate{})
	for _, src := range []*Source{s, withoutWebSockets(s)} {
		op := planShell(t, src, src.ref("pod", ns, "two", ""), core.Shell{Command: []string{"echo", "hi"}})
		forward := planForward(t, src, src.ref("pod", ns, "two", ""), core.Forward{Local: "0", Remote: "80"})
		before := tunnels.Load()
		if before == 0 {
			t.Fatal("the proxy is not used at all")
		}
		term, out, _ := piped("")
		if err := op.Session(sources.Permit(t.Context()), term); err != nil || out.String() != "hi\n" {
			t.Errorf("%q, %v", out, err)
		}
		if n := tunnels.Load(); n != before+1 {
			t.Errorf("%d connections of the shell through the proxy", n-before)
		}
		f := serve(t, forward)
		f.echo(t, "hello")
		f.end()
		if err := <-f.ended; err != nil {
			t.Error(err)
		}
		if n := tunnels.Load(); n != before+2 {
			t.Errorf("%d connections of the forward through the proxy", n-before-1)
		}
	}
}
