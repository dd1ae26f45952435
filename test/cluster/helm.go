package cluster

import (
	"context"
	"io"
	"os"
)

// EnvHelm names a ready-made helm, which BuildHelm then returns as it is.
const EnvHelm = "DEVOPS_TUI_HELM"

var helmModule = module{folder: "helm", about: "helm: about 4 CPU minutes", ldflags: "-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1"}

// BuildHelm is [Build] for Helm's command line.
func BuildHelm(ctx context.Context, log io.Writer) (string, error) {
	if path := os.Getenv(EnvHelm); path != "" {
		return path, nil
	}
	return helmModule.build(ctx, log)
}
