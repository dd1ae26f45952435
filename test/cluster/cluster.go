// Package cluster runs a real Kubernetes control plane (etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler) with kwok as its nodes, all on
// loopback, without root and without images, from one binary that is built
// from Go modules. It uses the standard library only: nothing of Kubernetes
// enters the product's go.mod through it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"devops-tui/test/child"
)

// Options of a cluster; the zero value is one light cluster with one node.
type Options struct {
	Hyper     string              // path of the multi-call binary; default: Build
	Name      string              // of the kubeconfigs' context, cluster and user; default "test"
	Dir       string              // state directory; default: a new temporary one, removed by Stop
	Nodes     int                 // kwok nodes made at the start; default 1, <0: none and no kwok
	Full      bool                // all controllers, Node authorizer, fsync
	Etcd      string              // etcd data directory of an earlier cluster to start from (copied)
	APIPort   int                 // fixed API server port; 0: any free one
	APIArgs   []string            // more kube-apiserver flags
	Overrides map[string][]string // more flags for etcd, kube-controller-manager, kube-scheduler, kwok
	Users     map[string][]string // name -> groups of users besides the admin; they have no rights of their own
	Audit     bool                // keep an audit log, see Cluster.Audit
	Log       io.Writer           // progress; default none
}

// Cluster is a running control plane.
type Cluster struct {
	Name       string // of the context in every kubeconfig
	Dir        string // state directory: kubeconfigs, certificates, one log file a component
	URL        string // of the API server, https
	Token      string // of the admin
	Kubeconfig string // path of the admin's kubeconfig
	NodePort   int    // the nodes' kubelet port (kubelet-shim, before kwok)

	// HTTP trusts the cluster's CA and sends the admin's token.
	HTTP *http.Client
	// Took is the time from Start to each milestone; "ready" is the last.
	Took map[string]time.Duration

	hyper string
	opts  Options
	ports ports
	users map[string]string // name -> token
	caPEM []byte

	mu    sync.Mutex
	procs []*component // in the order of their start
	own   bool         // Dir is ours to remove
	began time.Time
	log   io.Writer
	marks int // audit markers sent
}

// Start brings a cluster up and returns when it is ready: /readyz is ok, the
// default service account exists and every node is Ready. Ready in 4-9 s once built.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Name == "" {
		o.Name = "test"
	}
	if o.Nodes == 0 {
		o.Nodes = 1
	}
	if o.Hyper == "" {
		var err error
		if o.Hyper, err = Build(ctx, o.Log); err != nil {
			return nil, err
		}
	}
	c, err := start(ctx, o)
	// free ports are picked, then bound: somebody else may have been faster
	if err != nil && o.APIPort == 0 && strings.Contains(err.Error(), "address already in use") {
		c, err = start(ctx, o)
	}
	return c, err
}

func start(ctx context.Context, o Options) (_ *Cluster, err error) {
	c := &Cluster{
		Name: o.Name, Dir: o.Dir, Took: map[string]time.Duration{},
		hyper: o.Hyper, opts: o, users: map[string]string{}, began: time.Now(), log: o.Log,
	}
	if c.Dir == "" {
		if c.Dir, err = child.TempDir("devops-tui-cluster"); err != nil {
			return nil, err
		}
		c.own = true
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start cluster: %w", err), c.logTails())
			c.Stop()
		}
	}()
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return nil, err
	}
	if err = os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	if c.ports, err = freePorts(); err != nil {
		return nil, err
	}
	if o.APIPort != 0 {
		c.ports.api = o.APIPort
	}
	c.URL, c.NodePort = fmt.Sprintf("https://127.0.0.1:%d", c.ports.api), c.ports.shim
	if err = c.writeCredentials(); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{
		c.startEtcd, c.StartAPIServer, c.startControllers, c.startScheduler, c.startNodes, c.waitServiceAccount, c.waitNodes,
	} {
		if err = step(ctx); err != nil {
			return nil, err
		}
	}
	c.mark("ready")
	return c, nil
}

// Stop ends every process in reverse order (SIGTERM, SIGKILL after a grace) and removes a temporary Dir.
func (c *Cluster) Stop() {
	c.mu.Lock()
	procs := c.procs
	c.procs = nil
	c.mu.Unlock()
	for i := len(procs) - 1; i >= 0; i-- {
		p := procs[i]
		if p.proc == nil {
			continue
		}
		_ = p.proc.Signal(resume) // a paused one would not hear the SIGTERM
		p.proc.Stop(p.grace())
	}
	if c.own {
		_ = os.RemoveAll(c.Dir)
	}
}

// Died returns the name and error of a component that has ended by itself.
func (c *Cluster) Died() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.procs {
		if p.proc == nil {
			continue
		}
		if ended, err := p.proc.Ended(); ended {
			return fmt.Errorf("%s ended: %v", p.name, err)
		}
	}
	return nil
}

// PIDs returns the process ids of the running components by name.
func (c *Cluster) PIDs() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	pids := map[string]int{}
	for _, p := range c.procs {
		if p.proc != nil {
			pids[p.name] = p.proc.PID
		}
	}
	return pids
}

func (c *Cluster) file(name string) string { return filepath.Join(c.Dir, name) }

func (c *Cluster) mark(what string) {
	c.Took[what] = time.Since(c.began).Round(10 * time.Millisecond)
	_, _ = fmt.Fprintf(c.log, "%-15s %v\n", what, c.Took[what])
}

// poll calls f every 50 ms until it returns nil, a component dies or 90 s are over.
func (c *Cluster) poll(ctx context.Context, what string, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		if died := c.Died(); died != nil {
			return fmt.Errorf("waiting for %s: %w", what, died)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (%w)", what, ctx.Err(), err)
		case <-tick.C:
		}
	}
}
