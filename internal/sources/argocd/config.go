package argocd

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/credential"
	"devops-tui/internal/sources"
)

// Registration adds this source to the table.
var Registration = sources.Registration{ID: ID, Discover: Discover, Section: func() any { return &Config{} }}

// Config is the section sources.argocd.
type Config struct {
	Servers []ServerConfig `yaml:"servers" doc:"The API servers to watch, instead of the one that the environment or the argocd command names."`
}

// ServerConfig is one API server of the configuration.
type ServerConfig struct {
	Name     string   `yaml:"name" doc:"The scope; by default the host."`
	URL      string   `yaml:"url" doc:"https://argocd.example.com, with the root path if it has one."`
	Projects []string `yaml:"projects" doc:"Only the applications of these projects."`
	Insecure bool     `yaml:"insecure" doc:"Trust any certificate: whoever is on the way can read the token."`

	credential.Settings `yaml:",inline"`
}

// server is one API server to connect to.
type server struct {
	scope, url string
	origin     string // who named it
	conf       ServerConfig
	context    string // of the argocd command's configuration; "": none
	token      string // of ARGOCD_AUTH_TOKEN or ARGOCD_OPTS
	cliFile    string // where the argocd command keeps context's token
	user       string // of that file
	tls        cliTLS
	getenv     func(string) string
}

type cliTLS struct{ ca, cert, key []byte }

// cliConfig is the configuration of the argocd command.
type cliConfig struct {
	Current  string `yaml:"current-context"`
	Contexts []struct {
		Name   string `yaml:"name"`
		Server string `yaml:"server"`
		User   string `yaml:"user"`
	} `yaml:"contexts"`
	Servers []cliServer `yaml:"servers"`
	Users   []struct {
		Name  string `yaml:"name"`
		Token string `yaml:"auth-token"`
	} `yaml:"users"`
}

type cliServer struct {
	Server    string `yaml:"server"`
	Insecure  bool   `yaml:"insecure"`
	PlainText bool   `yaml:"plain-text"`
	Core      bool   `yaml:"core"`
	RootPath  string `yaml:"grpc-web-root-path"`
	CA        string `yaml:"certificate-authority-data"`
	Cert      string `yaml:"client-certificate-data"`
	Key       string `yaml:"client-certificate-key-data"`
}

// cliPath is where the argocd command keeps its configuration.
func cliPath(getenv func(string) string, home string) string {
	if dir := getenv("ARGOCD_CONFIG_DIR"); dir != "" {
		return filepath.Join(dir, "config")
	}
	if legacy := filepath.Join(home, ".argocd"); isDir(legacy) {
		return filepath.Join(legacy, "config")
	}
	if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "argocd", "config")
	}
	return filepath.Join(home, ".config", "argocd", "config")
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// readCLI reads the argocd command's configuration; nil: there is none.
func readCLI(path string) (*cliConfig, error) {
	raw, err := credential.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var c cliConfig
	if err := yaml.Unmarshal([]byte(raw), &c); err != nil {
		return nil, fmt.Errorf("%s is not YAML", path) // the library's words may have the token in them
	}
	return &c, nil
}

// context finds a context with its server and its user's token.
func (c *cliConfig) context(name string) (user, token string, s cliServer, ok bool) {
	for _, x := range c.Contexts {
		if x.Name != name {
			continue
		}
		s.Server, user = x.Server, x.User
		for _, srv := range c.Servers {
			if srv.Server == x.Server {
				s = srv
			}
		}
		for _, u := range c.Users {
			if u.Name == x.User {
				token = u.Token
			}
		}
		return user, token, s, true
	}
	return "", "", s, false
}

// address is the URL of a server as the argocd command names it: HOST[:PORT].
func address(host, root string, plain bool) string {
	if strings.Contains(host, "://") {
		return strings.TrimRight(host, "/")
	}
	scheme := "https://"
	if plain {
		scheme = "http://"
	}
	if root = strings.Trim(root, "/"); root != "" {
		host += "/" + root
	}
	return scheme + host
}

func (s cliServer) files() cliTLS {
	decode := func(v string) []byte {
		b, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			return nil
		}
		return b
	}
	return cliTLS{decode(s.CA), decode(s.Cert), decode(s.Key)}
}

// flags are those of ARGOCD_OPTS that say where the server is.
func flags(opts string) map[string]string {
	out := map[string]string{}
	words := strings.Fields(opts)
	for i := 0; i < len(words); i++ {
		name, ok := strings.CutPrefix(words[i], "--")
		if !ok {
			continue
		}
		if k, v, has := strings.Cut(name, "="); has {
			out[k] = strings.Trim(v, `"'`)
			continue
		}
		switch name {
		case "insecure", "plaintext", "core", "grpc-web":
			out[name] = "true"
		case "server", "auth-token", "config", "grpc-web-root-path", "server-crt", "argocd-context":
			if i+1 < len(words) {
				i++
				out[name] = strings.Trim(words[i], `"'`)
			}
		}
	}
	return out
}
