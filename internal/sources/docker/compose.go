package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
	"devops-tui/internal/process"
	"devops-tui/internal/text"
)

const (
	labelHash           = "com.docker.compose.config-hash"
	labelComposeVersion = "com.docker.compose.version"
	labelEnvFile        = "com.docker.compose.project.environment_file"
	// composeReads bounds what only reads files.
	composeReads = 30 * time.Second
	// composeRuns bounds a command of Compose that may build and pull.
	composeRuns = time.Hour
)

// composer is the user's Compose: the plugin of the docker command, or the
// older program of its own.
type composer struct {
	path    string
	lead    []string // {"compose"} of the docker command
	version string   // "2.40.3"
}

// words is how a user calls it.
func (c *composer) words() string {
	return strings.Join(append([]string{filepath.Base(c.path)}, c.lead...), " ")
}

// plugin reports whether it is the plugin, which finds a project by its labels too.
func (c *composer) plugin() bool { return len(c.lead) > 0 }

func (c *composer) major() string { major, _, _ := strings.Cut(c.version, "."); return major }

// composeFinder looks for Compose once.
type composeFinder struct {
	mu    sync.Mutex
	found *composer
}

// composer finds the user's Compose.
func (s *Source) composer(ctx context.Context) (*composer, error) {
	s.compose.mu.Lock()
	defer s.compose.mu.Unlock()
	if s.compose.found != nil {
		return s.compose.found, nil
	}
	for _, c := range []composer{{path: "docker", lead: []string{"compose"}}, {path: "docker-compose"}} {
		path, err := process.Look(c.path, s.getenv)
		if err != nil {
			continue
		}
		c.path = path
		var out strings.Builder
		ctx, cancel := context.WithTimeout(ctx, composeReads)
		_, err = process.Run(ctx, process.Spec{Path: path, Args: append(slices.Clone(c.lead), "version", "--short"), Env: s.composeEnv(), Stdout: &out})
		cancel()
		if err != nil {
			continue
		}
		c.version = strings.TrimPrefix(strings.TrimSpace(out.String()), "v")
		s.compose.found = &c
		return &c, nil
	}
	return nil, &core.Problem{
		Kind: core.Unsupported, Summary: text.Lit("there is no Compose on this machine: neither the docker compose plugin nor docker-compose is on the PATH"),
		Hint: text.Lit("install docker-compose-plugin (or Debian's docker-compose)"), Cause: exec.ErrNotFound,
	}
}

// composeFiles is where a project comes from, as its containers tell.
type composeFiles struct {
	project string
	dir     string
	files   []string
	env     []string // files of variables
	version string   // of the Compose that made the newest container
}

// projectFiles finds the files of a project. They must be on this machine,
// also when the engine is on another one: Compose reads them here.
func projectFiles(project string, list []container.Summary) (*composeFiles, error) {
	var newest *container.Summary
	for i := range list {
		c := &list[i]
		if c.Labels[labelFiles] != "" && (newest == nil || c.Created > newest.Created) {
			newest = c
		}
	}
	if newest == nil {
		return nil, &core.Problem{
			Kind: core.Unsupported, Summary: text.Sprintf("the containers of %s do not tell the files of their project", project),
			Hint: text.Lit("bring it up once with Compose itself"),
		}
	}
	f := &composeFiles{project: project, dir: newest.Labels[labelDir], version: newest.Labels[labelComposeVersion]}
	add := func(to *[]string, names string) error {
		for name := range strings.SplitSeq(names, ",") {
			if name == "" {
				continue
			}
			if !filepath.IsAbs(name) {
				name = filepath.Join(f.dir, name)
			}
			if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() || !filepath.IsAbs(name) {
				return &core.Problem{
					Kind: core.NotFound, Summary: text.Sprintf("the file %s of project %s is not on this machine", name, project),
					Hint: text.Lit("Compose reads it here, wherever the engine is: work on the machine that has the files"), Cause: err,
				}
			}
			*to = append(*to, name)
		}
		return nil
	}
	if err := errors.Join(add(&f.files, newest.Labels[labelFiles]), add(&f.env, newest.Labels[labelEnvFile])); err != nil {
		return nil, err
	}
	return f, nil
}

// args is the command line of Compose for the project; nil files: the plugin
// finds what is there by its labels.
func (c *composer) args(project string, f *composeFiles, command ...string) []string {
	args := append(slices.Clone(c.lead), "-p", project)
	if f != nil {
		for _, name := range f.files {
			args = append(args, "-f", name)
		}
		if f.dir != "" {
			args = append(args, "--project-directory", f.dir)
		}
		for _, name := range f.env {
			args = append(args, "--env-file", name)
		}
	}
	return append(args, command...)
}

// command is that line for a shell.
func (s *Source) composeCommand(c *composer, project string, f *composeFiles, command ...string) text.Safe {
	var words []string
	if s.host.scope != "local" {
		words = append(words, "DOCKER_HOST="+quoteArg(s.host.url))
	}
	words = append(words, filepath.Base(c.path))
	for _, a := range c.args(project, f, command...) {
		words = append(words, quoteArg(a))
	}
	return text.CleanLong(strings.Join(words, " "))
}

// notInherited are variables that would lead Compose elsewhere.
var notInherited = []string{
	"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH",
	"COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PATH_SEPARATOR", "COMPOSE_ENV_FILES", "COMPOSE_TLS_VERSION",
}

// composeEnv is the environment of Compose: this host, and nothing to ask on.
func (s *Source) composeEnv() []string {
	env := slices.DeleteFunc(os.Environ(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains(notInherited, name)
	})
	for _, name := range []string{"PATH", "HOME", "DOCKER_CONFIG"} {
		if v := s.getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	url := s.host.url
	if s.host.proto == "tcp" {
		url = "tcp://" + s.host.addr
	}
	env = append(
		env, "DOCKER_HOST="+url, "TERM=dumb", "NO_COLOR=1", "COMPOSE_ANSI=never", "COMPOSE_PROGRESS=plain", "BUILDKIT_PROGRESS=plain",
		"DOCKER_CLI_HINTS=false", "COMPOSE_MENU=false", "SSH_ASKPASS_REQUIRE=never",
	)
	if t := s.host.tls; t != nil && s.host.proto == "tcp" {
		if t.skipVerify {
			env = append(env, "DOCKER_TLS=1")
		} else {
			env = append(env, "DOCKER_TLS_VERIFY=1")
		}
		if dir := filepath.Dir(cmp.Or(t.ca, t.cert)); dir != "." {
			env = append(env, "DOCKER_CERT_PATH="+dir)
		}
	}
	return env
}

// composeReach tells why Compose cannot reach the engine as this program does.
func (s *Source) composeReach() error {
	t := s.host.tls
	if t == nil || s.host.proto != "tcp" {
		return nil
	}
	named := func(path, name string) bool {
		return path == "" || filepath.Base(path) == name && filepath.Dir(path) == filepath.Dir(cmp.Or(t.ca, t.cert))
	}
	if t.serverName == "" && named(t.ca, "ca.pem") && named(t.cert, "cert.pem") && named(t.key, "key.pem") {
		return nil
	}
	return &core.Problem{
		Kind: core.Unsupported, Summary: text.Lit("Compose wants the certificates in one folder as ca.pem, cert.pem and key.pem, and the server's own name"),
		Hint: text.Lit("name them so, or make a Docker context of the host"),
	}
}

// readCompose runs a command that reads files only, and returns what it prints.
func (s *Source) readCompose(ctx context.Context, c *composer, f *composeFiles, command ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, composeReads)
	defer cancel()
	var out strings.Builder
	_, err := process.Run(ctx, process.Spec{
		Path: c.path, Args: c.args(f.project, f, command...), Env: s.composeEnv(), Dir: f.dir, Stdout: &limited{out: &out, left: 8 << 20},
	})
	if err != nil {
		return "", composeProblem(err, fmt.Sprintf("read the files of project %s", f.project), core.Invalid)
	}
	return out.String(), nil
}

// limited takes the beginning of an output.
type limited struct {
	out  *strings.Builder
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	n := min(len(b), l.left)
	l.out.Write(b[:n])
	l.left -= n
	return len(b), nil
}

// runCompose runs a command that changes something, with its output live.
// started tells whether anything can have happened.
func (s *Source) runCompose(ctx context.Context, c *composer, project string, f *composeFiles, out core.Output, command ...string) (started bool, err error) {
	what := c.words() + " " + command[0]
	if err := s.gate.CheckAt(ctx, s.ref(kindProject, project, project), what); err != nil {
		return false, err
	}
	out.Progress(core.Progress{Text: text.Sprintf("%s", what)})
	spec := process.Spec{
		Path: c.path, Args: c.args(project, f, command...), Env: s.composeEnv(),
		Line: func(_ bool, l text.Line) {
			if !l.Empty() {
				out.Line(l)
			}
		},
	}
	if f != nil {
		spec.Dir = f.dir
	}
	res, err := process.Run(ctx, spec)
	switch {
	case err == nil:
		return true, nil
	case ctx.Err() != nil && res.Started:
		return true, fmt.Errorf("%s was interrupted: %w: %w", what, core.ErrOutcomeUnknown, err)
	}
	return res.Started, composeProblem(err, what, core.Conflict)
}

func composeProblem(err error, what string, kind core.ProblemKind) error {
	p := &core.Problem{Kind: kind, Summary: text.Sprintf("%s: %s", what, err.Error()), Cause: err, Hint: text.Lit("its output says more")}
	var e *process.Error
	if errors.As(err, &e) && e.Exit > 0 {
		p.Summary = text.Sprintf("%s ended with exit code %d: %s", what, e.Exit, e.Said())
	}
	return p
}
