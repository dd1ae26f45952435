package docker

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/distribution/reference"

	"devops-tui/internal/process"
)

// helperLimit bounds a credential helper.
const helperLimit = 15 * time.Second

// hubKey is how the docker command files the credentials of Docker Hub.
const hubKey = "https://index.docker.io/v1/"

// credentials are what the engine hands to a registry (API: X-Registry-Auth).
type credentials struct {
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	Token    string `json:"identitytoken,omitempty"`
	Server   string `json:"serveraddress,omitempty"`
}

// registryAuth finds what the docker command would send for an image: from a
// credential helper, or from its configuration. "": nothing is known, the pull
// is anonymous. Errors hold nothing secret.
func (s *Source) registryAuth(ctx context.Context, image string) (string, error) {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return "", fmt.Errorf("%s is not an image reference", image)
	}
	domain := reference.Domain(named)
	key := domain
	if domain == "docker.io" {
		key = hubKey
	}
	folder := s.getenv("DOCKER_CONFIG")
	if folder == "" && s.getenv("HOME") != "" {
		folder = filepath.Join(s.getenv("HOME"), ".docker")
	}
	if folder == "" {
		return "", nil
	}
	path := filepath.Join(folder, "config.json")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the docker command's configuration: %w", err)
	}
	var config struct {
		Auths map[string]struct {
			Auth          string `json:"auth"`
			IdentityToken string `json:"identitytoken"`
		} `json:"auths"`
		CredHelpers map[string]string `json:"credHelpers"`
		CredsStore  string            `json:"credsStore"`
	}
	if json.Unmarshal(b, &config) != nil { // the error could quote it
		return "", fmt.Errorf("%s is not JSON", path)
	}
	found := credentials{Server: key}
	helper := config.CredsStore
	if h := config.CredHelpers[domain]; h != "" {
		helper = h
	}
	if helper != "" {
		if found, err = s.askHelper(ctx, helper, key); err != nil {
			return "", err
		}
	}
	if found.Username == "" && found.Token == "" {
		for _, k := range []string{key, "https://" + domain, "http://" + domain} {
			a, ok := config.Auths[k]
			if !ok {
				continue
			}
			pair, _ := base64.StdEncoding.DecodeString(a.Auth)
			found.Username, found.Password, _ = strings.Cut(strings.TrimRight(string(pair), "\x00"), ":")
			if found.Token = a.IdentityToken; found.Token != "" {
				found.Password = ""
			}
			break
		}
	}
	if found.Username == "" && found.Token == "" {
		return "", nil
	}
	b, err = json.Marshal(found)
	return base64.URLEncoding.EncodeToString(b), err
}

// askHelper asks a credential helper of the docker command
// (docs.docker.com/reference/cli/docker/login/#credential-helpers).
func (s *Source) askHelper(ctx context.Context, helper, key string) (credentials, error) {
	found := credentials{Server: key}
	if strings.ContainsAny(helper, `/\`) {
		return found, fmt.Errorf("%q is not a credential helper", helper)
	}
	path, err := process.Look("docker-credential-"+helper, s.getenv)
	if err != nil {
		return found, err
	}
	ctx, cancel := context.WithTimeout(ctx, helperLimit)
	defer cancel()
	var out strings.Builder
	_, err = process.Run(ctx, process.Spec{Path: path, Args: []string{"get"}, Stdin: []byte(key + "\n"), Stdout: &limited{out: &out, left: 1 << 20}})
	if err != nil {
		if strings.Contains(out.String(), "credentials not found") { // told on the standard output
			return found, nil
		}
		return found, err
	}
	var said struct{ Username, Secret string }
	if json.Unmarshal([]byte(out.String()), &said) != nil {
		return found, fmt.Errorf("docker-credential-%s did not answer with credentials", helper)
	}
	if found.Username, found.Password = said.Username, said.Secret; said.Username == "<token>" {
		found.Username, found.Password, found.Token = "", "", said.Secret
	}
	return found, nil
}
