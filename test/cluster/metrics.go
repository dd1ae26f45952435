package cluster

import (
	"context"
	"fmt"
	"net"
)

// StartMetrics starts the real metrics server as a host process and registers
// it with the API server as metrics.k8s.io. It returns when the first values are
// served, after 12-25 s; it is built on first use, see [BuildMetricsServer].
// Pods have the usage of their annotations, see Workload.CPU.
func (c *Cluster) StartMetrics(ctx context.Context) error {
	binary, err := BuildMetricsServer(ctx, c.log)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	// an ExternalName service makes the aggregator dial https://localhost:PORT
	if err := c.ApplyNew(ctx, "/api/v1/namespaces/kube-system/services", fmt.Appendf(nil, `apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec: {type: ExternalName, externalName: localhost, ports: [{port: %d}]}
`, port)); err != nil {
		return err
	}
	if err := c.ApplyNew(ctx, "/apis/apiregistration.k8s.io/v1/apiservices", fmt.Appendf(nil, `apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  {group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true,
   service: {name: metrics-server, namespace: kube-system, port: %d}}
`, port)); err != nil {
		return err
	}
	if err := c.spawn(binary, nameMetrics, []string{
		"--kubeconfig=" + c.Kubeconfig, "--authentication-kubeconfig=" + c.Kubeconfig, "--authorization-kubeconfig=" + c.Kubeconfig,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), "--cert-dir=" + c.file("metrics-certs"),
		"--kubelet-insecure-tls", "--kubelet-preferred-address-types=InternalIP", "--kubelet-use-node-status-port",
		// it refuses a resolution that is not longer than the timeout
		"--metric-resolution=10s", "--kubelet-request-timeout=5s",
	}); err != nil {
		return err
	}
	return c.poll(ctx, "the first node metrics", func() error {
		var list struct{ Items []struct{} }
		err := c.Get(ctx, "/apis/metrics.k8s.io/v1beta1/nodes", &list)
		if err == nil && len(list.Items) == 0 {
			err = fmt.Errorf("no values yet")
		}
		return err
	})
}
