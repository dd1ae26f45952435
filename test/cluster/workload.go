package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
)

// Ways for the pods of a [Workload] to fail.
const (
	ImagePullBackOff = "ImagePullBackOff"
	CrashLoopBackOff = "CrashLoopBackOff"
	NotReady         = "NotReady"
)

// Workload is a deployment of pods that kwok plays.
type Workload struct {
	Namespace, Name string
	Replicas        int
	Fail            string            // "": runs well; ImagePullBackOff, CrashLoopBackOff, NotReady
	Reason          string            // of a crash: "" is Error; say OOMKilled
	ExitCode        int               // of a crash: 0 means 1
	Image           string            // "" is registry.local/NAME:v1
	CPU, Memory     string            // usage reported by the nodes: "" is 10m, 16Mi
	Labels          map[string]string // more labels of the deployment and its pods
	Annotations     map[string]string // more annotations of the pods, such as test/ready-delay: 3s
}

// Deploy creates the workload's deployment; its container is called "main".
// It does not wait for the pods.
func (c *Cluster) Deploy(ctx context.Context, w Workload) error {
	body, err := json.Marshal(w.deployment())
	if err != nil {
		return err
	}
	if _, err := c.Do(ctx, "POST", "/apis/apps/v1/namespaces/"+w.Namespace+"/deployments", "application/json", body); err != nil {
		return fmt.Errorf("deploy %s/%s: %w", w.Namespace, w.Name, err)
	}
	return nil
}

func (w Workload) deployment() any {
	type object = map[string]any
	or := func(s, otherwise string) string {
		if s == "" {
			return otherwise
		}
		return s
	}
	cpu, memory := or(w.CPU, "10m"), or(w.Memory, "16Mi")
	labels := map[string]string{"app": w.Name}
	maps.Copy(labels, w.Labels)
	annotations := map[string]string{"kwok.x-k8s.io/usage-cpu": cpu, "kwok.x-k8s.io/usage-memory": memory}
	if w.Fail != "" {
		annotations["test/fail"] = w.Fail
	}
	if w.Reason != "" {
		annotations["test/reason"] = w.Reason
	}
	if w.ExitCode != 0 {
		annotations["test/exit-code"] = fmt.Sprint(w.ExitCode)
	}
	maps.Copy(annotations, w.Annotations)
	return object{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": object{"name": w.Name, "labels": labels},
		"spec": object{
			"replicas": w.Replicas,
			"selector": object{"matchLabels": object{"app": w.Name}},
			"template": object{
				"metadata": object{"labels": labels, "annotations": annotations},
				"spec": object{
					"terminationGracePeriodSeconds": 0,
					"containers": []object{{
						"name": "main", "image": or(w.Image, "registry.local/"+w.Name+":v1"),
						"ports":     []object{{"containerPort": 8080}},
						"resources": object{"requests": object{"cpu": cpu, "memory": memory}},
					}},
				},
			},
		},
	}
}

// WaitReady waits until the deployment has n ready pods and no others.
func (c *Cluster) WaitReady(ctx context.Context, namespace, deployment string, n int) error {
	return c.poll(ctx, fmt.Sprintf("%d ready pods of %s/%s", n, namespace, deployment), func() error {
		var d struct {
			Status struct{ Replicas, ReadyReplicas, UpdatedReplicas int }
		}
		err := c.Get(ctx, "/apis/apps/v1/namespaces/"+namespace+"/deployments/"+deployment, &d)
		if s := d.Status; err == nil && (s.Replicas != n || s.ReadyReplicas != n || s.UpdatedReplicas != n) {
			err = fmt.Errorf("%d pods, %d updated, %d ready", s.Replicas, s.UpdatedReplicas, s.ReadyReplicas)
		}
		return err
	})
}

// Load makes pods pods in deployments of up to 20 over the namespaces shop,
// search, billing and platform. Of every ten deployments one fails: crash
// loops, memory kills, missing images and failing probes in turn. It returns
// when all pods exist; 300 pods take about 10 s.
func (c *Cluster) Load(ctx context.Context, pods int) error {
	namespaces := []string{"shop", "search", "billing", "platform"}
	for _, ns := range namespaces {
		if err := c.CreateNamespace(ctx, ns); err != nil {
			return err
		}
	}
	size := min(20, max(1, pods/12))
	work := make(chan Workload)
	failed := make(chan error, 1)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for w := range work {
				if err := c.Deploy(ctx, w); err != nil {
					select {
					case failed <- err:
					default: // one is enough to report
					}
				}
			}
		})
	}
	left := pods
	for i := 0; left > 0; i++ {
		n := min(size, left)
		left -= n
		work <- loadWorkload(i, n, namespaces)
	}
	close(work)
	workers.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	return c.poll(ctx, fmt.Sprintf("%d pods", pods), func() error {
		n := 0
		for _, ns := range namespaces {
			var list struct {
				Items    []struct{}
				Metadata struct{ RemainingItemCount int }
			}
			if err := c.Get(ctx, "/api/v1/namespaces/"+ns+"/pods?limit=1", &list); err != nil {
				return err
			}
			n += len(list.Items) + list.Metadata.RemainingItemCount
		}
		if n < pods {
			return fmt.Errorf("%d so far", n)
		}
		return nil
	})
}

func loadWorkload(i, replicas int, namespaces []string) Workload {
	roles := []string{"web", "api", "worker", "cache", "gateway", "indexer", "mailer", "ledger"}
	name := roles[i%len(roles)]
	if round := i / len(roles); round > 0 {
		name = fmt.Sprintf("%s-%d", name, round)
	}
	w := Workload{
		Namespace: namespaces[i%len(namespaces)], Name: name, Replicas: replicas,
		CPU: fmt.Sprintf("%dm", 5+i*37%400), Memory: fmt.Sprintf("%dMi", 16+i*53%480),
		Labels: map[string]string{"team": fmt.Sprintf("team-%d", i%5)},
	}
	if i%10 != 3 {
		return w
	}
	switch i / 10 % 4 {
	case 0:
		w.Fail = CrashLoopBackOff
	case 1:
		w.Fail = ImagePullBackOff
	case 2:
		w.Fail, w.Reason, w.ExitCode = CrashLoopBackOff, "OOMKilled", 137
	case 3:
		w.Fail = NotReady
	}
	return w
}
