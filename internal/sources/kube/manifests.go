package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/process"
)

const (
	maxManifestFiles = 500
	maxManifests     = 500
	maxManifestBytes = 16 << 20 // of all files together
	kustomizeLimit   = time.Minute
)

// document is one object of what is applied.
type document struct {
	from string // the file, and which object of it
	o    tree
}

// readDocuments reads what path names: a file, the files of a folder, or what
// the user's kustomize makes of a folder. kustomized tells the last.
func readDocuments(ctx context.Context, path string, getenv func(string) string) (docs []document, kustomized bool, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, false, err
	case !info.IsDir():
		docs, err = readFolder(filepath.Dir(path), []string{filepath.Base(path)})
	case isKustomization(path):
		kustomized = true
		docs, err = kustomize(ctx, path, getenv)
	default:
		var names []string
		if names, err = manifestFiles(path); err == nil {
			docs, err = readFolder(path, names)
		}
	}
	if err != nil {
		return nil, kustomized, err
	}
	var flat []document
	for _, d := range docs {
		if d.o.str("kind") == "List" {
			for i, x := range d.o.items("items") {
				flat = append(flat, document{fmt.Sprintf("%s, item %d", d.from, i+1), x})
			}
			continue
		}
		flat = append(flat, d)
	}
	switch {
	case len(flat) == 0:
		return nil, kustomized, errors.New("there is no object in it")
	case len(flat) > maxManifests:
		return nil, kustomized, fmt.Errorf("it has %d objects; more than %d at once cannot be overseen", len(flat), maxManifests)
	}
	return flat, kustomized, nil
}

// manifestFiles are the manifests of a folder, not of those below: as kubectl
// apply -f does.
func manifestFiles(folder string) ([]string, error) {
	list, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range list {
		if ext := filepath.Ext(e.Name()); !e.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, ext) {
			out = append(out, e.Name())
		}
	}
	if len(out) > maxManifestFiles {
		return nil, fmt.Errorf("the folder has %d manifests; more than %d are not read", len(out), maxManifestFiles)
	}
	return out, nil
}

// readFolder reads files of one folder. A link that leads out of it is refused.
func readFolder(folder string, names []string) ([]document, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var out []document
	total := 0
	for _, name := range names {
		b, err := readBounded(root, name)
		if err != nil {
			return nil, err
		}
		if total += len(b); total > maxManifestBytes {
			return nil, fmt.Errorf("the files are larger than %d MiB together", maxManifestBytes>>20)
		}
		docs, err := documentsOf(name, b)
		if err != nil {
			return nil, err
		}
		out = append(out, docs...)
	}
	return out, nil
}

func readBounded(root *os.Root, name string) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe would block
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("not a regular file")}
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err == nil && len(b) > maxManifest {
		err = &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("larger than %d MiB", maxManifest>>20)}
	}
	return b, err
}

func documentsOf(name string, b []byte) ([]document, error) {
	list, err := parseManifests(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	out := make([]document, len(list))
	for i, o := range list {
		from := name
		if len(list) > 1 {
			from = fmt.Sprintf("%s, object %d", name, i+1)
		}
		out[i] = document{from, o}
		if o.str("apiVersion") == "" || o.str("kind") == "" || o.str("metadata", "name") == "" && o.str("kind") != "List" {
			return nil, fmt.Errorf("%s: an object needs apiVersion, kind and metadata.name", from)
		}
	}
	return out, nil
}

func isKustomization(folder string) bool {
	return slices.ContainsFunc([]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}, func(name string) bool {
		info, err := os.Stat(filepath.Join(folder, name))
		return err == nil && info.Mode().IsRegular()
	})
}

// kustomize builds a folder with the user's kustomize, else kubectl
// (docs/adr/0007). Both refuse files outside of it by themselves.
func kustomize(ctx context.Context, folder string, getenv func(string) string) ([]document, error) {
	abs, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	args := []string{"build", abs}
	program, err := process.Look("kustomize", getenv)
	if errors.Is(err, exec.ErrNotFound) {
		args[0] = "kustomize"
		program, err = process.Look("kubectl", getenv)
	}
	if err != nil {
		return nil, errors.New("it is a kustomization: it needs kustomize or kubectl on the PATH")
	}
	ctx, cancel := context.WithTimeout(ctx, kustomizeLimit)
	defer cancel()
	out := &bounded{left: maxManifest}
	if _, err := process.Run(ctx, process.Spec{Path: program, Args: args, Stdout: out}); err != nil {
		return nil, err
	}
	if out.left < 0 {
		return nil, fmt.Errorf("kustomize wrote more than %d MiB", maxManifest>>20)
	}
	return documentsOf("kustomization "+strings.TrimSuffix(filepath.Base(abs), "/"), out.buf.Bytes())
}

// bounded keeps what fits and counts the rest.
type bounded struct {
	buf  bytes.Buffer
	left int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left >= 0 {
		b.buf.Write(p)
	}
	return len(p), nil
}
