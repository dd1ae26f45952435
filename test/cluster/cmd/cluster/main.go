// Command cluster runs the project's own Kubernetes control plane, for trying
// the cockpit out and for tests: no images, no root.
//
//	cluster up [flags]     start it in the background, print the kubeconfig's path
//	cluster down [flags]   stop it
//	cluster run [flags]    run it in the foreground until a signal
//	cluster build          only build the binaries into the user's cache
//	cluster kubectl [-dir DIR] ARGS   the built-in kubectl, on that cluster
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"devops-tui/test/cluster"
)

const usage = `usage: cluster up|down|run|build [flags]
       cluster kubectl [-dir DIR] ARGUMENTS

  up      start a cluster in the background and print its kubeconfig's path
  down    stop it
  run     run a cluster until Ctrl-C
  build   build the binaries into the user's cache
  kubectl run the built-in kubectl on the cluster
`

type settings struct {
	opts     cluster.Options
	rest     []string // kubectl's arguments
	load     int
	metrics  bool
	helm     bool
	rollouts bool
}

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	s, err := parse(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch args[0] {
	case "build":
		return build(ctx, s)
	case "run":
		return foreground(ctx, s, os.Stdout)
	case "up":
		return up(ctx, s, args[1:])
	case "down":
		return down(ctx, s)
	case "kubectl":
		return kubectl(ctx, s)
	}
	return fmt.Errorf("unknown command %q\n%s", args[0], usage)
}

func parse(args []string) (settings, error) {
	var s settings
	cache, err := os.UserCacheDir()
	if err != nil {
		return s, err
	}
	fs := flag.NewFlagSet("cluster "+args[0], flag.ContinueOnError)
	fs.StringVar(&s.opts.Dir, "dir", filepath.Join(cache, "devops-tui-test", "cluster"), "state directory")
	fs.StringVar(&s.opts.Name, "name", "devops-tui", "name of the kubeconfig's context")
	fs.IntVar(&s.opts.Nodes, "nodes", 3, "number of nodes")
	fs.IntVar(&s.opts.APIPort, "port", 0, "port of the API server (default: any free one)")
	fs.StringVar(&s.opts.Etcd, "etcd", "", "etcd data directory of an earlier cluster to start from")
	fs.BoolVar(&s.opts.Full, "full", false, "all controllers, Node authorizer, fsync")
	fs.BoolVar(&s.metrics, "metrics", false, "with the metrics server (about 5 more CPU minutes to build once)")
	fs.BoolVar(&s.helm, "helm", false, "build helm too (about 4 more CPU minutes, once)")
	fs.BoolVar(&s.rollouts, "rollouts", false, "with Argo's definitions and the Rollouts controller (about 10 more CPU minutes to build once)")
	fs.IntVar(&s.load, "demo-load", 0, "number of pods to make, a few of them failing")
	err = fs.Parse(args[1:])
	s.rest = fs.Args()
	if err == nil && len(s.rest) > 0 && args[0] != "kubectl" {
		err = fmt.Errorf("unexpected argument %q", s.rest[0])
	}
	return s, err
}

// kubectl becomes the built-in kubectl with the cluster's kubeconfig.
func kubectl(ctx context.Context, s settings) error {
	hyper, err := cluster.Build(ctx, os.Stderr)
	if err != nil {
		return err
	}
	env := append(os.Environ(), "KUBECONFIG="+filepath.Join(s.opts.Dir, "kubeconfig"), "HOME="+filepath.Join(s.opts.Dir, "home"))
	return syscall.Exec(hyper, append([]string{"kubectl"}, s.rest...), env)
}

func build(ctx context.Context, s settings) error {
	if _, err := cluster.Build(ctx, os.Stderr); err != nil {
		return err
	}
	if s.metrics {
		if _, err := cluster.BuildMetricsServer(ctx, os.Stderr); err != nil {
			return err
		}
	}
	if s.helm {
		if _, err := cluster.BuildHelm(ctx, os.Stderr); err != nil {
			return err
		}
	}
	if s.rollouts {
		if _, err := cluster.BuildRollouts(ctx, os.Stderr); err != nil {
			return err
		}
		if _, err := cluster.BuildRolloutsCLI(ctx, os.Stderr); err != nil {
			return err
		}
	}
	return nil
}

// foreground runs a cluster until ctx ends or one of its components dies.
func foreground(ctx context.Context, s settings, out io.Writer) error {
	if _, alive := supervisor(s.opts.Dir); alive {
		return fmt.Errorf("a cluster is running in %s already", s.opts.Dir)
	}
	for _, old := range []string{"etcd", readyFile} { // every cluster starts empty
		if err := os.RemoveAll(filepath.Join(s.opts.Dir, old)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(s.opts.Dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.opts.Dir, pidFile), fmt.Appendln(nil, os.Getpid()), 0o600); err != nil {
		return err
	}
	defer func() { _ = os.Remove(filepath.Join(s.opts.Dir, pidFile)) }()
	s.opts.Log = os.Stderr
	c, err := cluster.Start(ctx, s.opts)
	if err != nil {
		return err
	}
	defer c.Stop()
	if s.metrics {
		if err := c.StartMetrics(ctx); err != nil {
			return err
		}
	}
	if s.rollouts {
		if err := c.StartRollouts(ctx); err != nil {
			return err
		}
	}
	if s.load > 0 {
		if err := c.Load(ctx, s.load); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(s.opts.Dir, readyFile), fmt.Appendln(nil, c.Kubeconfig), 0o600); err != nil {
		return err
	}
	defer func() { _ = os.Remove(filepath.Join(s.opts.Dir, readyFile)) }()
	_, _ = fmt.Fprintln(out, c.Kubeconfig)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := c.Died(); err != nil {
				return err
			}
		}
	}
}
