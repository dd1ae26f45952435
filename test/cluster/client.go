package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

// StatusError is an answer of the API server with a status of 400 or more.
type StatusError = testkit.StatusError

// Do sends one raw request with the admin's token; a status of 400 or more is a [StatusError].
func (c *Cluster) Do(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Accept", "application/json")
	return testkit.Fetch(c.HTTP, req)
}

// Get decodes the JSON answer to a GET of path into v.
func (c *Cluster) Get(ctx context.Context, path string, v any) error {
	b, err := c.Do(ctx, "GET", path, "", nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}

// ApplyNew POSTs each YAML document to the collection; one that exists already is left alone.
func (c *Cluster) ApplyNew(ctx context.Context, collection string, docs []byte) error {
	for _, d := range bytes.Split(docs, []byte("\n---\n")) {
		if len(bytes.TrimSpace(d)) == 0 {
			continue
		}
		_, err := c.Do(ctx, "POST", collection, "application/yaml", d)
		var status *StatusError
		if errors.As(err, &status) && strings.Contains(status.Body, "AlreadyExists") {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Kubectl runs the real kubectl as the admin and returns its standard output;
// an error holds its standard error.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) ([]byte, error) {
	return c.kubectl(ctx, c.Kubeconfig, "", args)
}

// KubectlAs is [Cluster.Kubectl] as a user of Options.Users.
func (c *Cluster) KubectlAs(ctx context.Context, user string, args ...string) ([]byte, error) {
	config, err := c.KubeconfigFor(user)
	if err != nil {
		return nil, err
	}
	return c.kubectl(ctx, config, "", args)
}

// Apply runs kubectl apply with the YAML documents; namespace is where those
// without one go, "" means default.
func (c *Cluster) Apply(ctx context.Context, namespace, docs string) error {
	args := []string{"apply", "-f", "-"}
	if namespace != "" {
		args = append(args, "-n", namespace)
	}
	_, err := c.kubectl(ctx, c.Kubeconfig, docs, args)
	return err
}

func (c *Cluster) kubectl(ctx context.Context, config, stdin string, args []string) ([]byte, error) {
	// its discovery cache would outlive a cluster on the same port, so its home is the cluster's own
	home := c.file("home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, c.hyper, args...)
	cmd.Args[0] = "kubectl"
	cmd.Env = append(os.Environ(), "HOME="+home, "KUBECONFIG="+config)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out, err
}

var notDNS = regexp.MustCompile(`[^a-z0-9]+`)

// Namespace makes a namespace for this test alone, waits until pods can be made
// in it, and deletes it (without waiting) when the test ends.
func (c *Cluster) Namespace(tb testing.TB) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 30*time.Second)
	defer cancel()
	base := strings.Trim(notDNS.ReplaceAllString(strings.ToLower(tb.Name()), "-"), "-")
	if len(base) > 40 {
		base = base[:40]
	}
	name := strings.Trim(base, "-") + "-" + strings.ToLower(rand.Text()[:6])
	if err := c.CreateNamespace(ctx, name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if _, err := c.Do(ctx, "DELETE", "/api/v1/namespaces/"+name, "", nil); err != nil {
			tb.Logf("delete the test's namespace: %v", err)
		}
	})
	return name
}

// CreateNamespace makes the namespace unless it exists and waits until it has
// its default service account: no pod can be made before.
func (c *Cluster) CreateNamespace(ctx context.Context, name string) error {
	if err := c.ApplyNew(ctx, "/api/v1/namespaces", fmt.Appendf(nil, "{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", name)); err != nil {
		return fmt.Errorf("create namespace %s: %w", name, err)
	}
	return c.poll(ctx, "the service account of "+name, func() error { return c.hasServiceAccount(ctx, name) })
}

func (c *Cluster) hasServiceAccount(ctx context.Context, namespace string) error {
	_, err := c.Do(ctx, "GET", "/api/v1/namespaces/"+namespace+"/serviceaccounts/default", "", nil)
	return err
}
