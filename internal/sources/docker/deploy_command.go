package docker

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// actCommand is the command line of the cockpit for a change that no docker
// command makes.
func (s *Source) actCommand(verb string, ref core.Ref, set ...string) text.Safe {
	words := []string{"devops-tui"}
	if s.host.scope != "local" {
		words = append(words, "--docker-host", quoteArg(s.host.url))
	}
	ref.Scope = ""
	words = append(words, "act", verb, quoteArg(ref.String()))
	for _, p := range set {
		words = append(words, "--set", quoteArg(p))
	}
	return text.CleanLong(strings.Join(append(words, "--yes"), " "))
}

// command is the equivalent command line: docker commands that make the same
// container. Where the docker command has no words for it, the cockpit's own.
func (w *swap) command(s *Source) text.Safe {
	name, old := w.m.name, w.m.name+"-before"
	flags, ok := newFlags(w.print)
	if !ok || w.m.autoRemove {
		return s.actCommand(core.VerbDeploy, s.ref(kindContainer, name, ""), "image="+w.image)
	}
	docker := "docker " + s.hostFlag()
	var steps []string
	step := func(words ...string) { steps = append(steps, docker+quoted(words)) }
	if w.m.alive() {
		step("stop", name)
	}
	step("rename", name, old)
	create := docker + quoted(append(append([]string{"create", "--name", name}, flags.words...), w.image)) + flags.tail()
	if len(flags.secret) > 0 { // their values come from the old container, not from this line
		create = fmt.Sprintf("%sinspect -f %s %s | grep -E %s | %s", docker, quoteArg("{{range .Config.Env}}{{println .}}{{end}}"), quoteArg(old),
			quoteArg("^("+strings.Join(flags.secret, "|")+")="),
			strings.Replace(create, "create ", "create --env-file /dev/stdin ", 1))
	}
	steps = append(steps, create)
	for _, net := range slices.Sorted(maps.Keys(w.print.others)) {
		words, ok := connectWords(w.print.others[net])
		if !ok {
			return s.actCommand(core.VerbDeploy, s.ref(kindContainer, name, ""), "image="+w.image)
		}
		step(append(append([]string{"network", "connect"}, words...), net, name)...)
	}
	step("start", name)
	step("rm", old)
	return text.CleanLong(strings.Join(steps, " && "))
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = quoteArg(w)
	}
	return strings.Join(out, " ")
}

// flags are a container's configuration as the docker command spells it.
type flags struct {
	words  []string
	cmd    []string
	secret []string // names of variables whose values are not written here
}

func (f *flags) tail() string {
	if len(f.cmd) == 0 {
		return ""
	}
	return " " + quoted(f.cmd)
}

func (f *flags) add(flag string, values ...string) {
	for _, v := range values {
		f.words = append(f.words, flag+"="+v)
	}
}

func (f *flags) given(flag, value string) {
	if value != "" {
		f.add(flag, value)
	}
}

func (f *flags) number(flag string, n int64) {
	if n != 0 {
		f.add(flag, strconv.FormatInt(n, 10))
	}
}

func (f *flags) yes(flag string, on bool) {
	if on {
		f.words = append(f.words, flag)
	}
}

// spelled are the fields that newFlags writes; sayNothing those that the
// docker command sets by itself, or that are the engine's own defaults.
var (
	spelledConfig = []string{
		"Hostname", "Domainname", "User", "ExposedPorts", "Tty", "OpenStdin", "Env", "Cmd", "Healthcheck", "Image", "WorkingDir", "Entrypoint", "Labels",
		"StopSignal", "StopTimeout", "AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce", "Volumes",
	}
	spelledHost = []string{
		"Binds", "LogConfig", "NetworkMode", "PortBindings", "RestartPolicy", "VolumesFrom", "CapAdd", "CapDrop", "DNS", "DNSOptions", "DNSSearch",
		"ExtraHosts", "GroupAdd", "IpcMode", "Links", "OomScoreAdj", "PidMode", "Privileged", "PublishAllPorts", "ReadonlyRootfs", "SecurityOpt",
		"Tmpfs", "UTSMode", "UsernsMode", "ShmSize", "Sysctls", "Runtime", "Resources", "Mounts", "Init", "CgroupnsMode",
		"ConsoleSize", "MaskedPaths", "ReadonlyPaths", "ContainerIDFile",
	}
	spelledResources = []string{
		"CPUShares", "Memory", "NanoCPUs", "CPUPeriod", "CPUQuota", "CpusetCpus", "CpusetMems", "MemoryReservation", "MemorySwap", "PidsLimit", "Ulimits", "Devices",
	}
	// what the engine itself fills in
	usualPaths = regexp.MustCompile(`^/(proc|sys)/`)
)

// newFlags writes a blueprint as flags of `docker create`; ok is false when the
// docker command cannot say all of it.
func newFlags(b *blueprint) (f *flags, ok bool) {
	var body struct {
		container.Config
		HostConfig       container.HostConfig
		NetworkingConfig struct {
			EndpointsConfig map[string]*network.EndpointSettings
		}
		MacAddress string
	}
	raw, err := json.Marshal(b.body)
	if err != nil || json.Unmarshal(raw, &body) != nil {
		return nil, false
	}
	c, h := &body.Config, &body.HostConfig
	if !onlyFields(c, spelledConfig) || !onlyFields(h, spelledHost) || !onlyFields(&h.Resources, spelledResources) {
		return nil, false
	}
	f = &flags{}
	f.given("--mac-address", body.MacAddress)
	if !f.config(c, b) || !f.host(h) {
		return nil, false
	}
	f.resources(&h.Resources)
	for _, e := range body.NetworkingConfig.EndpointsConfig {
		words, ok := connectWords(e)
		if !ok || len(e.MacAddress) > 0 && body.MacAddress != "" {
			return nil, false
		}
		for _, word := range words { // --alias of connect is --network-alias here
			f.words = append(f.words, strings.Replace(word, "--alias=", "--network-alias=", 1))
		}
		f.given("--mac-address", e.MacAddress.String())
	}
	return f, true
}

func (f *flags) config(c *container.Config, b *blueprint) bool {
	f.given("--hostname", c.Hostname)
	f.given("--domainname", c.Domainname)
	f.given("--user", c.User)
	f.given("--workdir", c.WorkingDir)
	f.given("--stop-signal", c.StopSignal)
	if c.StopTimeout != nil {
		f.add("--stop-timeout", strconv.Itoa(*c.StopTimeout))
	}
	f.yes("--tty", c.Tty)
	f.yes("--interactive", c.OpenStdin)
	for p := range c.ExposedPorts {
		f.add("--expose", p.String())
	}
	for at := range c.Volumes {
		if b.volumes[at] == "" {
			f.add("--volume", at)
		}
	}
	for _, pair := range c.Env {
		name, _, ok := strings.Cut(pair, "=")
		switch {
		case !ok || strings.ContainsAny(pair, "\n\r"):
			return false
		case redactEnv(pair) != pair && !regexp.MustCompile(`^\w+$`).MatchString(name):
			return false
		case redactEnv(pair) != pair:
			f.secret = append(f.secret, name)
		default:
			f.add("--env", pair)
		}
	}
	for k, v := range c.Labels {
		if redactValue(k, v) != v && !strings.HasPrefix(k, "com.docker.compose.") {
			return false
		}
		f.add("--label", k+"="+v)
	}
	if !slices.Equal(redactArgs(c.Cmd), c.Cmd) || !slices.Equal(redactArgs(c.Entrypoint), c.Entrypoint) {
		return false
	}
	f.cmd = c.Cmd
	switch {
	case len(c.Entrypoint) == 1:
		f.add("--entrypoint", c.Entrypoint[0])
	case len(c.Entrypoint) > 1: // the flag takes one word; the others go before the command
		f.add("--entrypoint", c.Entrypoint[0])
		f.cmd = append(slices.Clone(c.Entrypoint[1:]), c.Cmd...)
	}
	return f.health(c.Healthcheck)
}

func (f *flags) health(h *container.HealthConfig) bool {
	if h == nil {
		return true
	}
	switch {
	case len(h.Test) == 0:
	case h.Test[0] == "NONE":
		f.words = append(f.words, "--no-healthcheck")
	case h.Test[0] == "CMD-SHELL" && len(h.Test) == 2 && redactWords(h.Test[1]) == h.Test[1]:
		f.add("--health-cmd", h.Test[1])
	default:
		return false
	}
	for flag, d := range map[string]time.Duration{
		"--health-interval": h.Interval, "--health-timeout": h.Timeout, "--health-start-period": h.StartPeriod, "--health-start-interval": h.StartInterval,
	} {
		if d != 0 {
			f.add(flag, d.String())
		}
	}
	f.number("--health-retries", int64(h.Retries))
	return true
}

func (f *flags) host(h *container.HostConfig) bool {
	if mode := string(h.NetworkMode); mode != "" && mode != "default" {
		f.add("--network", mode)
	}
	f.add("--volume", h.Binds...)
	f.add("--volumes-from", h.VolumesFrom...)
	for _, m := range h.Mounts {
		if m.BindOptions != nil || m.VolumeOptions != nil || m.ImageOptions != nil || m.TmpfsOptions != nil || m.ClusterOptions != nil || m.Consistency != "" {
			return false
		}
		word := "type=" + string(m.Type) + ",dst=" + m.Target
		if m.Source != "" {
			word += ",src=" + m.Source
		}
		if m.ReadOnly {
			word += ",readonly"
		}
		f.add("--mount", word)
	}
	for at, options := range h.Tmpfs {
		f.add("--tmpfs", strings.TrimSuffix(at+":"+options, ":"))
	}
	for p, bindings := range h.PortBindings {
		for _, b := range bindings {
			word := b.HostPort + ":" + p.String()
			if b.HostIP.IsValid() && !b.HostIP.IsUnspecified() {
				ip := b.HostIP.String()
				if b.HostIP.Is6() {
					ip = "[" + ip + "]"
				}
				word = ip + ":" + word
			}
			f.add("--publish", word)
		}
	}
	f.yes("--publish-all", h.PublishAllPorts)
	if !h.RestartPolicy.IsNone() {
		word := string(h.RestartPolicy.Name)
		if n := h.RestartPolicy.MaximumRetryCount; n > 0 {
			word += ":" + strconv.Itoa(n)
		}
		f.add("--restart", word)
	}
	if h.LogConfig.Type != "" && (h.LogConfig.Type != "json-file" || len(h.LogConfig.Config) > 0) {
		f.add("--log-driver", h.LogConfig.Type)
		f.pairs("--log-opt", h.LogConfig.Config, "=")
	}
	f.add("--cap-add", h.CapAdd...)
	f.add("--cap-drop", h.CapDrop...)
	for _, ip := range h.DNS {
		f.add("--dns", ip.String())
	}
	f.add("--dns-option", h.DNSOptions...)
	f.add("--dns-search", h.DNSSearch...)
	f.add("--add-host", h.ExtraHosts...)
	f.add("--group-add", h.GroupAdd...)
	f.add("--security-opt", h.SecurityOpt...)
	for _, l := range h.Links { // "/db:/web/alias"
		from, alias, _ := strings.Cut(l, ":")
		f.add("--link", strings.TrimPrefix(from, "/")+":"+alias[strings.LastIndex(alias, "/")+1:])
	}
	f.pairs("--sysctl", h.Sysctls, "=")
	f.number("--oom-score-adj", int64(h.OomScoreAdj))
	f.given("--pid", string(h.PidMode))
	f.given("--uts", string(h.UTSMode))
	f.given("--userns", string(h.UsernsMode))
	if ipc := string(h.IpcMode); ipc != "" && ipc != "private" {
		f.add("--ipc", ipc)
	}
	if ns := string(h.CgroupnsMode); ns != "" {
		f.add("--cgroupns", ns)
	}
	f.yes("--privileged", h.Privileged)
	f.yes("--read-only", h.ReadonlyRootfs)
	if h.Init != nil {
		f.add("--init", strconv.FormatBool(*h.Init))
	}
	if h.ShmSize != 0 && h.ShmSize != 64<<20 {
		f.number("--shm-size", h.ShmSize)
	}
	if h.Runtime != "runc" {
		f.given("--runtime", h.Runtime)
	}
	// Other paths than the engine's own cannot be said.
	usual := func(list []string) bool {
		return !slices.ContainsFunc(list, func(p string) bool { return !usualPaths.MatchString(p) })
	}
	return usual(h.MaskedPaths) && usual(h.ReadonlyPaths)
}

func (f *flags) resources(r *container.Resources) {
	f.number("--cpu-shares", r.CPUShares)
	f.number("--cpu-period", r.CPUPeriod)
	f.number("--cpu-quota", r.CPUQuota)
	f.given("--cpuset-cpus", r.CpusetCpus)
	f.given("--cpuset-mems", r.CpusetMems)
	if r.NanoCPUs != 0 {
		f.add("--cpus", strconv.FormatFloat(float64(r.NanoCPUs)/1e9, 'f', -1, 64))
	}
	f.number("--memory", r.Memory)
	f.number("--memory-reservation", r.MemoryReservation)
	f.number("--memory-swap", r.MemorySwap)
	if r.PidsLimit != nil && *r.PidsLimit != 0 {
		f.number("--pids-limit", *r.PidsLimit)
	}
	for _, u := range r.Ulimits {
		f.add("--ulimit", u.String())
	}
	for _, d := range r.Devices {
		f.add("--device", d.PathOnHost+":"+d.PathInContainer+":"+cmp.Or(d.CgroupPermissions, "rwm"))
	}
}

func (f *flags) pairs(flag string, m map[string]string, between string) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		f.add(flag, k+between+m[k])
	}
}

// connectWords are the flags of `docker network connect` for an endpoint.
func connectWords(e *network.EndpointSettings) (words []string, ok bool) {
	f := &flags{}
	f.add("--alias", e.Aliases...)
	if in := e.IPAMConfig; in != nil {
		for flag, ip := range map[string]netip.Addr{"--ip": in.IPv4Address, "--ip6": in.IPv6Address} {
			if ip.IsValid() {
				f.add(flag, ip.String())
			}
		}
		for _, ip := range in.LinkLocalIPs {
			f.add("--link-local-ip", ip.String())
		}
	}
	return f.words, len(e.Links) == 0 && len(e.DriverOpts) == 0 && e.GwPriority == 0
}

// onlyFields reports whether nothing but these fields of a structure is set.
func onlyFields(v any, names []string) bool {
	x := reflect.ValueOf(v).Elem()
	for i := range x.NumField() {
		if slices.Contains(names, x.Type().Field(i).Name) {
			continue
		}
		field := x.Field(i)
		switch field.Kind() {
		case reflect.Slice, reflect.Map:
			if field.Len() > 0 {
				return false
			}
		case reflect.Pointer:
			if !field.IsNil() && !field.Elem().IsZero() {
				return false
			}
		default:
			if !field.IsZero() && field.String() != "default" {
				return false
			}
		}
	}
	return true
}
