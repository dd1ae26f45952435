// Command helm is Helm's own command line, built from its module for tests: the
// product runs the user's binary, and this one is that user's.
package main

import (
	"errors"
	"io"
	"os"

	"helm.sh/helm/v4/pkg/cmd"
	"helm.sh/helm/v4/pkg/kube"
)

func main() {
	kube.ManagedFieldsManager = "helm"
	root, err := cmd.NewRootCmd(os.Stdout, os.Args[1:], cmd.SetupLogging)
	if err == nil {
		err = root.Execute()
	}
	if err != nil {
		_, _ = io.WriteString(os.Stderr, err.Error()+"\n")
		if c, ok := errors.AsType[cmd.CommandError](err); ok {
			os.Exit(c.ExitCode)
		}
		os.Exit(1)
	}
}
