package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"devops-tui/test/child"
)

// Names of the components, as the multi-call binary knows them.
const (
	nameEtcd       = "etcd"
	nameAPIServer  = "kube-apiserver"
	nameController = "kube-controller-manager"
	nameScheduler  = "kube-scheduler"
	nameKwok       = "kwok"
	nameShim       = "kubelet-shim"
	nameMetrics    = "metrics-server"
)

const resume = syscall.SIGCONT

// component is one process of the control plane; proc is nil while it is stopped on purpose.
type component struct {
	name, path string
	args       []string
	proc       *child.Process
}

// grace is how long Stop waits before SIGKILL: only etcd and the API server have something to lose.
func (p *component) grace() time.Duration {
	if p.name == nameEtcd || p.name == nameAPIServer {
		return 5 * time.Second
	}
	return time.Second
}

// spawn starts the binary at path under the given name (busybox style) and remembers it.
func (c *Cluster) spawn(path, name string, args []string) error {
	p := &component{name: name, path: path, args: args}
	if err := c.launch(p); err != nil {
		return err
	}
	c.mu.Lock()
	c.procs = append(c.procs, p)
	c.mu.Unlock()
	return nil
}

func (c *Cluster) launch(p *component) error {
	log, err := os.OpenFile(c.file(p.name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own descriptor
	cmd := exec.Command(p.path, p.args...)
	cmd.Args[0] = p.name
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, c.Dir
	cmd.Env = append(os.Environ(), "HOME="+c.Dir, "GOMAXPROCS=2", "KUBECONFIG=")
	proc, err := child.Start(cmd)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	c.mu.Lock()
	p.proc = proc
	c.mu.Unlock()
	return nil
}

// component returns the one of that name, nil if there is none.
func (c *Cluster) component(name string) *component {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.procs {
		if p.name == name {
			return p
		}
	}
	return nil
}

// logTails returns the ends of the components' logs, for the error of a failed start.
func (c *Cluster) logTails() (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.procs {
		b, _ := os.ReadFile(c.file(p.name + ".log"))
		err = errors.Join(err, fmt.Errorf("--- %s\n%s", p.name, b[max(0, len(b)-1500):]))
	}
	return err
}

// ports of one cluster, all on 127.0.0.1.
type ports struct{ etcd, peer, api, shim, kwok int }

func freePorts() (p ports, err error) {
	for _, n := range []*int{&p.etcd, &p.peer, &p.api, &p.shim, &p.kwok} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return p, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = l.Close() }() // all are held until all are found
		*n = l.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}
