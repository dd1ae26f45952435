package app

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// globals are the flags that every command takes.
type globals struct {
	config        string
	contexts      []string
	namespace     string
	allNamespaces bool
	repos         []string
	dockerHosts   []string
	sources       []string
	readOnly      bool
	demo          bool
	theme         string
	slow          bool
	noColor       bool
	logFile       string
	debug         bool
	version       bool
}

// envPrefix begins the variables that mirror the flags: DEVOPS_TUI_READ_ONLY.
const envPrefix = "DEVOPS_TUI_"

func (g *globals) flagSet() *pflag.FlagSet {
	fs := pflag.NewFlagSet("devops-tui", pflag.ContinueOnError)
	fs.SortFlags = false
	fs.Usage = func() {}
	fs.StringVar(&g.config, "config", "", "configuration `FILE` (default $XDG_CONFIG_HOME/devops-tui/config.yaml; none needed)")
	fs.StringArrayVar(&g.contexts, "context", nil, "kubeconfig context `NAME` (repeatable; default the current one)")
	fs.StringVarP(&g.namespace, "namespace", "n", "", "only the namespace `NS`")
	fs.BoolVarP(&g.allNamespaces, "all-namespaces", "A", false, "all namespaces, whatever the context says")
	fs.StringArrayVar(&g.repos, "repo", nil, "repository `OWNER/NAME` or HOST/OWNER/NAME, of the pipelines (repeatable; default the working directory's)")
	fs.StringArrayVar(&g.dockerHosts, "docker-host", nil, "Docker `URL`: unix://, tcp:// or ssh:// (repeatable; default as the docker command)")
	fs.StringArrayVar(&g.sources, "source", nil, "only the source `ID` (repeatable): docker, kube, or kube:CONTEXT")
	fs.BoolVar(&g.readOnly, "read-only", false, "never change anything: enforced where requests leave")
	fs.BoolVar(&g.demo, "demo", false, "an embedded demo world instead of real systems")
	fs.StringVar(&g.theme, "theme", "", "theme `NAME` (devops-tui themes lists them; default: as the terminal's background)")
	fs.BoolVar(&g.slow, "slow", false, "fewer frames, for thin links")
	fs.BoolVar(&g.noColor, "no-color", false, "no colours (as NO_COLOR=1)")
	fs.StringVar(&g.logFile, "log-file", "", "write a log as JSON lines to `FILE`")
	fs.BoolVar(&g.debug, "debug", false, "log more")
	fs.BoolVar(&g.version, "version", false, "print the version")
	fs.BoolP("help", "h", false, "help for the command")
	return fs
}

// fromEnv sets the flags that the command line left alone from DEVOPS_TUI_*.
func (r *run) fromEnv(fs *pflag.FlagSet) error {
	var problem error
	fs.VisitAll(func(f *pflag.Flag) {
		name := envName(f.Name)
		v := r.getenv(name)
		if v == "" || f.Changed || problem != nil || f.Name == "version" || f.Name == "help" {
			return
		}
		values := []string{v}
		if f.Value.Type() == "stringArray" {
			values = strings.Split(v, ",")
		}
		for _, v := range values {
			if err := fs.Set(f.Name, strings.TrimSpace(v)); err != nil {
				problem = &usageError{fmt.Sprintf("%s=%s: it is not a value of --%s", name, v, f.Name)}
			}
		}
	})
	return problem
}

func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// flagError gives a parse error of pflag the nearest flags that exist.
func flagError(err error, fs *pflag.FlagSet) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return &usageError{err.Error()}
	}
	if missing.GetSpecifiedShortnames() != "" {
		return badUsage("flag", "-"+missing.GetSpecifiedName(), nil)
	}
	var names []string
	fs.VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return badUsage("flag", "--"+missing.GetSpecifiedName(), names)
}
