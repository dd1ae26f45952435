package gitlab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/credential"
)

// glabHost is a server that the glab command knows
// (docs.gitlab.com/cli: "Configuration").
type glabHost struct {
	Token     string `yaml:"token"`
	OAuth     string `yaml:"is_oauth2"`
	APIHost   string `yaml:"api_host"`
	Protocol  string `yaml:"api_protocol"`
	Subfolder string `yaml:"subfolder"`
	CACert    string `yaml:"ca_cert"`
}

// glabConfig is what glab has kept.
type glabConfig struct {
	Host  string              `yaml:"host"`
	Hosts map[string]glabHost `yaml:"hosts"`
	path  string
}

// readGlab reads glab's configuration; an error wraps fs.ErrNotExist where there
// is none. A file that others may read is refused: a token may be in it.
func readGlab(getenv func(string) string, home string) (glabConfig, error) {
	c := glabConfig{}
	for _, folder := range glabFolders(getenv, home) {
		c.path = filepath.Join(folder, "config.yml")
		if _, err := os.Stat(c.path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		b, err := credential.ReadFile(c.path)
		if err != nil {
			return c, err
		}
		// glab marks a token by a YAML tag of its own; as text both are the same.
		b = strings.ReplaceAll(b, "!!null ", "")
		if err := yaml.Unmarshal([]byte(b), &c); err != nil {
			return c, fmt.Errorf("%s is not YAML that can be read", c.path) // the cause may quote the token
		}
		return c, nil
	}
	return c, fs.ErrNotExist
}

func glabFolders(getenv func(string) string, home string) []string {
	if dir := getenv("GLAB_CONFIG_DIR"); dir != "" {
		return []string{dir}
	}
	var out []string
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		out = append(out, filepath.Join(dir, "glab-cli"))
	}
	if home != "" {
		out = append(out, filepath.Join(home, ".config", "glab-cli"), filepath.Join(home, "Library", "Application Support", "glab-cli"))
	}
	return out
}
