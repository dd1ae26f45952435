package dockertest

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"devops-tui/internal/testkit"
)

// StatusError is an answer of the engine with a status of 400 or more.
type StatusError = testkit.StatusError

// Do sends one raw request to the engine's API; body is sent as JSON, nil means
// none. A status of 400 or more is a [StatusError].
func (e *Engine) Do(ctx context.Context, method, path string, body any) ([]byte, error) {
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	return e.send(ctx, method, path, "application/json", bytes.NewReader(b))
}

func (e *Engine) send(ctx context.Context, method, path, contentType string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://docker"+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	return testkit.Fetch(e.HTTP, req)
}

// Image makes an image of the given tag that holds the test program
// (test/docker/app says what it can do) and nothing else. It runs the program
// with no arguments.
func (e *Engine) Image(ctx context.Context, tag string) error {
	program, err := os.ReadFile(e.app)
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, h := range []*tar.Header{
		{Name: "app", Mode: 0o755, Size: int64(len(program))},
		{Name: "tmp/", Mode: 0o1777, Typeflag: tar.TypeDir},
	} {
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if h.Size > 0 {
			if _, err := w.Write(program); err != nil {
				return err
			}
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	repo, version, _ := strings.Cut(tag, ":")
	if version == "" {
		version = "latest"
	}
	query := url.Values{
		"fromSrc": {"-"}, "repo": {repo}, "tag": {version}, "message": {"devops-tui test image"},
		"changes": {`ENTRYPOINT ["/app"]`, "LABEL org.opencontainers.image.title=app org.opencontainers.image.version=" + version},
	}
	b, err := e.send(ctx, "POST", "/images/create?"+query.Encode(), "application/x-tar", &archive)
	if err == nil && bytes.Contains(b, []byte(`"error"`)) { // told in the progress stream, after a status of 200
		err = errors.New(string(b))
	}
	if err != nil {
		return fmt.Errorf("import image %s: %w", tag, err)
	}
	return nil
}

// DefaultImage is the image that Run makes when RunSpec.Image is "".
const DefaultImage = "devops-tui/app:1.0"

// RunSpec describes a container.
type RunSpec struct {
	Name    string   // "": the engine's choice
	Image   string   // "": DefaultImage, made on first use
	Args    []string // of the program, see test/docker/app; say -rate 100 -exit 3 -after 2s
	Env     []string
	Labels  map[string]string
	TTY     bool
	Restart string        // restart policy: "", always, on-failure, unless-stopped
	Memory  int64         // limit in bytes, 0: none
	Health  time.Duration // interval of the health check, 0: none
	Network string        // "": the default one
	Volumes []string      // NAME:/path
}

// Run creates and starts a container and returns its id.
func (e *Engine) Run(ctx context.Context, s RunSpec) (string, error) {
	if s.Image == "" {
		s.Image = DefaultImage
		if _, err := e.Do(ctx, "GET", "/images/"+DefaultImage+"/json", nil); err != nil {
			if err := e.Image(ctx, DefaultImage); err != nil {
				return "", err
			}
		}
	}
	id, err := e.create(ctx, s)
	if err != nil {
		return "", fmt.Errorf("create container %s: %w", s.Name, err)
	}
	if _, err := e.Do(ctx, "POST", "/containers/"+id+"/start", nil); err != nil {
		return id, fmt.Errorf("start container %s: %w", s.Name, err)
	}
	return id, nil
}

func (e *Engine) create(ctx context.Context, s RunSpec) (string, error) {
	type object = map[string]any
	host := object{"Memory": s.Memory, "MemorySwap": s.Memory, "Binds": s.Volumes, "NetworkMode": s.Network}
	if s.Restart != "" {
		host["RestartPolicy"] = object{"Name": s.Restart}
	}
	config := object{"Image": s.Image, "Cmd": s.Args, "Env": s.Env, "Labels": s.Labels, "Tty": s.TTY, "HostConfig": host}
	if s.Health > 0 {
		config["Healthcheck"] = object{
			"Test": []string{"CMD", "/app", "health"}, "Interval": s.Health, "Timeout": 5 * time.Second, "Retries": 1,
		}
	}
	b, err := e.Do(ctx, "POST", "/containers/create?name="+url.QueryEscape(s.Name), config)
	if err != nil {
		return "", err
	}
	var created struct{ ID string }
	return created.ID, json.Unmarshal(b, &created)
}

// State is the part of a container's inspection that tests ask for.
type State struct {
	Status    string // created, running, paused, restarting, exited, dead
	ExitCode  int
	OOMKilled bool
	Health    struct{ Status string } // starting, healthy, unhealthy; "" without a check
	Restarts  int                     `json:"-"`
}

// State returns the container's state.
func (e *Engine) State(ctx context.Context, id string) (State, error) {
	b, err := e.Do(ctx, "GET", "/containers/"+id+"/json", nil)
	if err != nil {
		return State{}, err
	}
	var c struct {
		State        State
		RestartCount int
	}
	err = json.Unmarshal(b, &c)
	c.State.Restarts = c.RestartCount
	return c.State, err
}

// Exec runs a subcommand of the test program in the container, such as "sicken"
// or "heal", and returns when it has ended.
func (e *Engine) Exec(ctx context.Context, id string, args ...string) error {
	b, err := e.Do(ctx, "POST", "/containers/"+id+"/exec", map[string]any{
		"Cmd": append([]string{"/app"}, args...), "AttachStdout": true, "AttachStderr": true,
	})
	if err != nil {
		return err
	}
	var exec struct{ ID string }
	if err := json.Unmarshal(b, &exec); err != nil {
		return err
	}
	// without an upgrade of the connection the answer is the output, which ends with the command
	out, err := e.Do(ctx, "POST", "/exec/"+exec.ID+"/start", map[string]any{"Detach": false, "Tty": true})
	if err != nil {
		return err
	}
	if b, err = e.Do(ctx, "GET", "/exec/"+exec.ID+"/json", nil); err != nil {
		return err
	}
	var result struct{ ExitCode int }
	if err := json.Unmarshal(b, &result); err != nil {
		return err
	}
	if result.ExitCode != 0 {
		return fmt.Errorf("exec %s: status %d: %s", strings.Join(args, " "), result.ExitCode, out)
	}
	return nil
}

// Docker runs the docker command line on the engine and returns its standard
// output; an error holds its standard error.
func (e *Engine) Docker(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+e.Host, "DOCKER_CONFIG="+e.Dir, "DOCKER_CONTEXT=")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out, err
}
