package cluster

import (
	"bytes"
	"context"
	_ "embed" // the kwok configuration
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// kwokStock is kwok's configuration and its stock node stages and metrics, from
// the module's kustomize folder (Apache-2.0).
//
//go:embed kwok-stock.yaml
var kwokStock []byte

// kwokPods holds the pod stages that the test/* annotations choose from, and
// the defaults of logs and port-forwards.
//
//go:embed kwok-pods.yaml
var kwokPods []byte

// kwokCRDs are the CRDs named in --enable-crds, from the module's kustomize/crd/bases (Apache-2.0).
//
//go:embed kwok-crds.yaml
var kwokCRDs []byte

// lightControllers is what a workload-oriented test needs; names as of Kubernetes 1.36.
var lightControllers = strings.Join([]string{
	"deployment-controller", "replicaset-controller", "statefulset-controller", "daemonset-controller",
	"job-controller", "cronjob-controller", "garbage-collector-controller", "namespace-controller",
	"serviceaccount-controller", "endpointslice-controller", "endpoints-controller", "disruption-controller",
	"horizontal-pod-autoscaler-controller", "resourcequota-controller", "pod-garbage-collector-controller",
	"root-ca-certificate-publisher-controller", "clusterrole-aggregation-controller", "ttl-after-finished-controller",
	"node-lifecycle-controller", "taint-eviction-controller", "serviceaccount-token-controller",
}, ",")

func (c *Cluster) startEtcd(ctx context.Context) error {
	if c.opts.Etcd != "" {
		if err := os.CopyFS(c.file("etcd"), os.DirFS(c.opts.Etcd)); err != nil {
			return fmt.Errorf("copy etcd data: %w", err)
		}
	}
	client, peer := c.etcdURL(), fmt.Sprintf("http://127.0.0.1:%d", c.ports.peer)
	args := []string{
		"--name=t", "--data-dir=" + c.file("etcd"), "--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=t=" + peer,
		"--log-level=warn", "--quota-backend-bytes=4294967296", "--snapshot-count=10000", "--auto-compaction-retention=0",
	}
	if !c.opts.Full {
		args = append(args, "--unsafe-no-fsync")
	}
	if err := c.spawn(c.hyper, nameEtcd, append(args, c.opts.Overrides[nameEtcd]...)); err != nil {
		return err
	}
	// up in 0.2 s; the API server would find it later, since it retries slowly
	if err := c.waitPort(ctx, c.ports.etcd); err != nil {
		return err
	}
	c.mark("etcd")
	return nil
}

func (c *Cluster) etcdURL() string { return fmt.Sprintf("http://127.0.0.1:%d", c.ports.etcd) }

func (c *Cluster) apiServerArgs() []string {
	args := []string{
		"--etcd-servers=" + c.etcdURL(), "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", c.ports.api),
		// a loopback address is not valid in Endpoints, so nothing reconciles them
		"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/16",
		"--tls-cert-file=" + c.file("serving.crt"), "--tls-private-key-file=" + c.file("serving.key"), "--client-ca-file=" + c.file("ca.crt"),
		"--kubelet-client-certificate=" + c.file("client.crt"), "--kubelet-client-key=" + c.file("client.key"),
		"--kubelet-preferred-address-types=InternalIP",
		// aggregation, for the metrics server
		"--proxy-client-cert-file=" + c.file("client.crt"), "--proxy-client-key-file=" + c.file("client.key"),
		"--requestheader-client-ca-file=" + c.file("ca.crt"), "--requestheader-allowed-names=front-proxy",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--token-auth-file=" + c.file("tokens.csv"), "--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.file("sa.key"), "--service-account-signing-key-file=" + c.file("sa.key"),
		"--allow-privileged=true", "--profiling=false", "--shutdown-delay-duration=0s",
		"--max-requests-inflight=2000", "--max-mutating-requests-inflight=1000",
	}
	if c.opts.Full {
		args = append(args, "--authorization-mode=Node,RBAC", "--enable-bootstrap-token-auth")
	} else {
		args = append(args, "--authorization-mode=RBAC", "--enable-priority-and-fairness=false")
	}
	if c.opts.Audit {
		args = append(args, "--audit-policy-file="+c.file("audit-policy.yaml"), "--audit-log-path="+c.AuditLog(), "--audit-log-mode=blocking")
	}
	return append(args, c.opts.APIArgs...)
}

func (c *Cluster) startControllers(context.Context) error {
	args := []string{
		"--kubeconfig=" + c.file("kcm.kubeconfig"), "--leader-elect=false", "--secure-port=0", "--profiling=false",
		"--kube-api-qps=500", "--kube-api-burst=1000",
		"--root-ca-file=" + c.file("ca.crt"), "--service-account-private-key-file=" + c.file("sa.key"),
		"--concurrent-replicaset-syncs=20", "--concurrent-deployment-syncs=20", "--concurrent-gc-syncs=20",
	}
	if c.opts.Full {
		args = append(args, "--controllers=*", "--cluster-signing-cert-file="+c.file("ca.crt"), "--cluster-signing-key-file="+c.file("ca.key"))
	} else {
		args = append(args, "--controllers="+lightControllers)
	}
	return c.spawn(c.hyper, nameController, append(args, c.opts.Overrides[nameController]...))
}

func (c *Cluster) startScheduler(context.Context) error {
	config := fmt.Sprintf(`apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
enableProfiling: false
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: %q, qps: 1000, burst: 2000}
`, c.file("scheduler.kubeconfig"))
	if err := os.WriteFile(c.file("scheduler.yaml"), []byte(config), 0o600); err != nil {
		return err
	}
	return c.spawn(c.hyper, nameScheduler, append([]string{"--config=" + c.file("scheduler.yaml"), "--secure-port=0"}, c.opts.Overrides[nameScheduler]...))
}

// startNodes starts kwok, the kubelet port before it, and registers the nodes.
func (c *Cluster) startNodes(ctx context.Context) error {
	if c.opts.Nodes < 0 {
		return nil
	}
	if err := c.ApplyNew(ctx, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", kwokCRDs); err != nil {
		return fmt.Errorf("create kwok's CRDs: %w", err)
	}
	// logs, exec, port-forward and usage rules are CRDs, so that a test can set them per pod; the stages are in the file
	config := bytes.ReplaceAll(append(bytes.Clone(kwokStock), kwokPods...), []byte("@DIR@"), []byte(c.Dir))
	if err := os.WriteFile(c.file("kwok.yaml"), config, 0o600); err != nil {
		return err
	}
	first := time.Now().UTC().Format(time.RFC3339Nano) + " stdout F started\n"
	if err := os.WriteFile(c.file("default.log"), []byte(first), 0o600); err != nil {
		return err
	}
	if err := c.poll(ctx, "kwok's CRDs", func() error {
		_, err := c.Do(ctx, "GET", "/apis/kwok.x-k8s.io/v1alpha1/logs?limit=1", "", nil)
		return err
	}); err != nil {
		return err
	}
	kwok := []string{
		"--config=" + c.file("kwok.yaml"), "--kubeconfig=" + c.file("kwok.kubeconfig"),
		"--manage-all-nodes=false", "--manage-nodes-with-label-selector=type=kwok",
		"--node-ip=127.0.0.1", fmt.Sprintf("--node-port=%d", c.ports.shim),
		fmt.Sprintf("--server-address=127.0.0.1:%d", c.ports.kwok), "--cidr=10.64.0.0/14", "--node-lease-duration-seconds=40",
		"--tls-cert-file=" + c.file("serving.crt"), "--tls-private-key-file=" + c.file("serving.key"),
		"--enable-crds=Logs,Exec,PortForward,Attach,ResourceUsage",
	}
	if err := c.spawn(c.hyper, nameKwok, append(kwok, c.opts.Overrides[nameKwok]...)); err != nil {
		return err
	}
	shim := []string{
		fmt.Sprintf("-listen=127.0.0.1:%d", c.ports.shim), fmt.Sprintf("-kwok=https://127.0.0.1:%d", c.ports.kwok),
		"-cert=" + c.file("serving.crt"), "-key=" + c.file("serving.key"),
	}
	if err := c.spawn(c.hyper, nameShim, shim); err != nil {
		return err
	}
	for i := range c.opts.Nodes {
		if err := c.AddNode(ctx, nodeName(i)); err != nil {
			return err
		}
	}
	return nil
}

func nodeName(i int) string { return fmt.Sprintf("node-%d", i) }

// AddNode makes one kwok node of 32 CPUs, 256 GiB and 1,000 pods. A node that
// exists already (Options.Etcd) learns the kubelet port of this cluster.
func (c *Cluster) AddNode(ctx context.Context, name string) error {
	port := fmt.Sprintf(`{"status":{"daemonEndpoints":{"kubeletEndpoint":{"Port":%d}}}}`, c.NodePort)
	if _, err := c.Do(ctx, "PATCH", "/api/v1/nodes/"+name+"/status", "application/merge-patch+json", []byte(port)); err == nil {
		return nil
	}
	return c.ApplyNew(ctx, "/api/v1/nodes", fmt.Appendf(nil, `apiVersion: v1
kind: Node
metadata:
  name: %[1]s
  labels: {type: kwok, kubernetes.io/hostname: %[1]s, kubernetes.io/os: linux, kubernetes.io/arch: amd64}
  annotations: {kwok.x-k8s.io/node: fake, metrics.k8s.io/resource-metrics-path: /metrics/nodes/%[1]s/metrics/resource}
status:
  allocatable: {cpu: "32", memory: 256Gi, pods: "1000"}
  capacity: {cpu: "32", memory: 256Gi, pods: "1000"}
  nodeInfo:
    {kubeletVersion: %[2]s, containerRuntimeVersion: containerd://2.1.0, osImage: Debian GNU/Linux 12, kernelVersion: 6.1.0,
     operatingSystem: linux, architecture: amd64, machineID: "", systemUUID: "", bootID: "", kubeProxyVersion: ""}
`, name, Version))
}

func (c *Cluster) waitServiceAccount(ctx context.Context) error {
	err := c.poll(ctx, "the default service account", func() error { return c.hasServiceAccount(ctx, "default") })
	if err == nil {
		c.mark("serviceaccount")
	}
	return err
}

func (c *Cluster) waitNodes(ctx context.Context) error {
	for i := range max(c.opts.Nodes, 0) {
		if err := c.poll(ctx, nodeName(i)+" to be Ready", func() error {
			b, err := c.Do(ctx, "GET", "/api/v1/nodes/"+nodeName(i), "", nil)
			if err == nil && (!bytes.Contains(b, []byte(`"KubeletReady"`)) || bytes.Contains(b, []byte("node.kubernetes.io/not-ready"))) {
				err = errors.New("not ready")
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) waitPort(ctx context.Context, port int) error {
	address := fmt.Sprintf("127.0.0.1:%d", port)
	return c.poll(ctx, address, func() error {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
}
