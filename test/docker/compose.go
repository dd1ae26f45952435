package dockertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"
)

// Service is one service of a Compose project.
type Service struct {
	Name     string
	Replicas int // 0 means 1
	Run      RunSpec
}

// Compose makes what Docker Compose would make for a project: a network, a
// volume and the services' containers, named and labelled in its way. It
// returns the containers' ids by name.
func (e *Engine) Compose(ctx context.Context, project string, services ...Service) (map[string]string, error) {
	labels := map[string]string{"com.docker.compose.project": project, "com.docker.compose.version": "2.40.3"}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(labels)
		maps.Copy(all, more)
		return all
	}
	network := ""
	if len(e.network) == 0 {
		network = project + "_default"
		if _, err := e.Do(ctx, "POST", "/networks/create", map[string]any{
			"Name": network, "CheckDuplicate": true, "Labels": with(map[string]string{"com.docker.compose.network": "default"}),
		}); err != nil {
			return nil, fmt.Errorf("create network %s: %w", network, err)
		}
	}
	volume := project + "_data"
	if _, err := e.Do(ctx, "POST", "/volumes/create", map[string]any{
		"Name": volume, "Labels": with(map[string]string{"com.docker.compose.volume": "data"}),
	}); err != nil {
		return nil, fmt.Errorf("create volume %s: %w", volume, err)
	}
	var (
		mu   sync.Mutex
		ids  = map[string]string{}
		errs []error
		wg   sync.WaitGroup
	)
	for _, s := range services {
		for n := range max(s.Replicas, 1) {
			run := s.Run
			run.Name = fmt.Sprintf("%s-%s-%d", project, s.Name, n+1)
			if run.Args == nil {
				run.Args = []string{"-name", run.Name}
			}
			run.Network = network
			run.Volumes = []string{volume + ":/data"}
			run.Labels = with(map[string]string{
				"com.docker.compose.service": s.Name, "com.docker.compose.container-number": fmt.Sprint(n + 1), "com.docker.compose.oneoff": "False",
				"com.docker.compose.project.working_dir": "/srv/" + project, "com.docker.compose.project.config_files": "/srv/" + project + "/compose.yaml",
			})
			maps.Copy(run.Labels, s.Run.Labels)
			wg.Go(func() {
				id, err := e.Run(ctx, run)
				mu.Lock()
				defer mu.Unlock()
				if ids[run.Name] = id; err != nil {
					errs = append(errs, err)
				}
			})
		}
	}
	wg.Wait()
	return ids, errors.Join(errs...)
}

// Compose3Projects makes 20 containers in the projects shop (8), billing (7)
// and platform (5) and returns their ids by name. Four are in trouble:
// shop-import-1 has exited with status 3, billing-mailer-1 restarts over and
// over, platform-search-1 is unhealthy, platform-etl-1 was killed for its
// memory. The others run; shop-web-* and platform-search-1 have health checks.
func (e *Engine) Compose3Projects(ctx context.Context) (map[string]string, error) {
	if err := e.Image(ctx, DefaultImage); err != nil { // once, not once for each of the first containers
		return nil, err
	}
	all := map[string]string{}
	for _, p := range []struct {
		name     string
		services []Service
	}{
		{"shop", []Service{
			{Name: "web", Replicas: 3, Run: RunSpec{Health: time.Second}},
			{Name: "api", Replicas: 2, Run: RunSpec{Args: []string{"-name", "shop-api", "-rate", "5", "-cpu", "0.02"}}},
			{Name: "db"},
			{Name: "cache", Run: RunSpec{Args: []string{"-name", "shop-cache", "-mem", "24"}}},
			{Name: "import", Run: RunSpec{Args: []string{"-name", "shop-import", "-rate", "100", "-lines", "20", "-exit", "3"}}},
		}},
		{"billing", []Service{
			{Name: "api", Replicas: 2, Run: RunSpec{Args: []string{"-name", "billing-api", "-ansi"}}},
			{Name: "ledger", Replicas: 2},
			{Name: "db"},
			{Name: "console", Run: RunSpec{TTY: true, Args: []string{"-name", "billing-console", "-ansi"}}},
			{Name: "mailer", Run: RunSpec{Restart: "always", Args: []string{"-name", "billing-mailer", "-exit", "1", "-after", "100ms"}}},
		}},
		{"platform", []Service{
			{Name: "gateway", Replicas: 2},
			{Name: "search", Run: RunSpec{Health: time.Second, Args: []string{"-name", "platform-search", "-sick"}}},
			{Name: "queue"},
			{Name: "etl", Run: RunSpec{Memory: 16 << 20, Args: []string{"-name", "platform-etl", "-mem", "64"}}},
		}},
	} {
		ids, err := e.Compose(ctx, p.name, p.services...)
		maps.Copy(all, ids)
		if err != nil {
			return all, fmt.Errorf("project %s: %w", p.name, err)
		}
	}
	return all, nil
}
