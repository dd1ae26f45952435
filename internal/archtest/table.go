// Package archtest enforces the plan of the house: who may import whom, and the
// few rules of style that a machine can see.
package archtest

// room says what the packages of one folder may import besides the standard
// library and themselves.
type room struct {
	// folder of the module; "*" stands for one name, a trailing "/..." for the
	// folder and all below. The first room that fits a package counts.
	folder string
	// may lists folders of the module and import paths of others; a trailing
	// "/..." includes all below.
	may []string
	// tests lists what only its _test.go files may import, besides testTools.
	tests []string
}

// charm is the terminal framework.
var charm = []string{"charm.land/...", "github.com/charmbracelet/..."}

const (
	core   = "internal/core"
	text   = "internal/text"
	themes = "themes"
	ansi   = "github.com/charmbracelet/x/ansi"
	yaml   = "gopkg.in/yaml.v3"
)

// pipeline is what the sources of pipelines are made of.
var pipeline = []string{core, text, "internal/ci", "internal/credential", "internal/process", "internal/rest", "internal/sources", yaml}

// testTools may be imported by every _test.go file.
var testTools = []string{
	"internal/testkit", "internal/sources/sourcetest", "internal/text/texttest", "internal/views/viewstest", "test/...",
	"pgregory.net/rapid", "go.uber.org/goleak",
}

// table is the import table of docs/adr and of the architecture. To add a
// system, add its folder and its own SDK here.
var table = []room{
	{folder: core, may: []string{text}},
	{folder: "internal/text/...", may: []string{ansi}, tests: charm},
	{folder: "themes/...", may: []string{text, yaml}},
	{folder: "internal/process", may: []string{core, text, "golang.org/x/sys/..."}},

	{folder: "internal/archive", may: []string{core, text}},
	{folder: "internal/diff", may: []string{text, "github.com/aymanbagabas/go-udiff"}},

	// what the sources of pipelines share: the way to an HTTP API and its token, the
	// shape of a run, and Argo's objects, which a cluster and an API server both have
	{folder: "internal/rest", may: []string{core, text}},
	{folder: "internal/credential", may: []string{core, text, "internal/process"}, tests: []string{yaml}},
	{folder: "internal/ci", may: []string{core, text, yaml}},
	{folder: "internal/argo", may: []string{core, text, "internal/ci", "internal/diff", yaml}},

	{folder: "internal/sources", may: []string{core, text}},
	{folder: "internal/sources/sourcetest", may: []string{core, text, "internal/sources"}},
	{folder: "internal/sources/all", may: []string{"internal/sources/..."}},
	{folder: "internal/sources/demo/...", may: []string{core, text, "internal/ci", "internal/sources"}, tests: []string{yaml}},
	{folder: "internal/sources/github/...", may: pipeline},
	{folder: "internal/sources/gitlab/...", may: pipeline},
	{folder: "internal/sources/jenkins/...", may: pipeline},
	{folder: "internal/sources/argocd/...", may: append([]string{"internal/argo", "internal/diff"}, pipeline...)},
	{folder: "internal/sources/docker/...", may: []string{
		core, text, "internal/archive", "internal/sources", "internal/process",
		"github.com/moby/...", "github.com/docker/...", "github.com/containerd/...", "github.com/opencontainers/...",
		"github.com/distribution/...", "go.opentelemetry.io/...", "golang.org/x/crypto/...", "golang.org/x/sys/...", "golang.org/x/sync/...",
		yaml, // what Compose prints
	}},
	{folder: "internal/sources/kube/...", may: []string{
		core, text, "internal/archive", "internal/argo", "internal/ci", "internal/diff", "internal/sources", "internal/process",
		"k8s.io/...", "sigs.k8s.io/...", "github.com/go-logr/...", "github.com/gorilla/websocket", "golang.org/x/net/...", "golang.org/x/sys/...", "golang.org/x/sync/...", yaml,
	}},

	{folder: "internal/store/...", may: []string{core, text}, tests: []string{"internal/sources"}},
	{folder: "internal/keys/...", may: []string{core, text}},
	{folder: "internal/query/...", may: []string{core, text}},
	{folder: "internal/config/...", may: []string{core, text, yaml}},
	{folder: "internal/actions/...", may: []string{core, text, "internal/sources", "internal/config", "golang.org/x/sys/..."}},
	{folder: "internal/flow/...", may: []string{core, text, "internal/store"}},

	{folder: "internal/views/kit/...", may: append([]string{core, text, themes}, charm...)},
	// the world that the views' tests look at stands where sources and journal stand
	{folder: "internal/views/viewstest", may: append([]string{
		core, text, themes, "internal/views", "internal/views/pane", "internal/store", "internal/actions", "internal/actions/journal", "internal/sources",
	}, charm...)},
	{folder: "internal/views/...", may: append([]string{
		core, text, themes, "internal/views/kit", "internal/store", "internal/actions", "internal/actions/journal", "internal/diff", "internal/flow", "internal/keys", "internal/query",
		"github.com/sahilm/fuzzy",
	}, charm...)},

	{folder: "internal/app/...", may: append([]string{
		"internal/...", themes, yaml, "golang.org/x/sys/...", "golang.org/x/term", "github.com/spf13/pflag",
	}, charm...)},
	{folder: "cmd/devops-tui", may: []string{"internal/app"}},

	{folder: "internal/testkit", may: []string{
		"test/child", ansi, "github.com/creack/pty", "github.com/hinshun/vt10x", "golang.org/x/sys/...",
	}, tests: charm},
	{folder: "internal/archtest"},
	{folder: "test/child"},
	{folder: "test/cluster/...", may: []string{"test/child", "internal/testkit"}},
	{folder: "test/docker/...", may: []string{"test/child", "internal/testkit"}},
	// simulators of services, checked against those services' own descriptions
	{folder: "test/sim/...", may: []string{"test/child", "internal/testkit", "test/sim/...", yaml, "github.com/getkin/kin-openapi/..."}},
	// end-to-end tests see the product as its users do; they may look words up in its vocabulary
	{folder: "test/e2e/...", may: []string{
		"internal/actions/journal",
		"internal/testkit", "test/...", core, text, "internal/keys", "github.com/creack/pty", "github.com/hinshun/vt10x", "golang.org/x/...",
	}},
	// the built program, as tests drive it
	{folder: "test/program", may: []string{"internal/actions/journal", "internal/testkit"}},
	{folder: "test/change", may: []string{
		"internal/actions/journal", "internal/testkit", "test/...", core, text, "internal/keys",
	}},
	{folder: "test/pipeline", may: []string{
		"internal/actions/journal", "internal/testkit", "test/...", core, text, "internal/keys", yaml,
	}},
	// pictures for the documents, taken from a real session
	{folder: "test/shot", may: []string{"internal/testkit", "test/child", "github.com/creack/pty", "github.com/hinshun/vt10x", "golang.org/x/..."}},
	// benchmarks compare with programs of their own, made of the same libraries
	{folder: "test/bench/...", may: append([]string{
		"internal/...", themes, "test/...", "k8s.io/...", "github.com/creack/pty", "github.com/hinshun/vt10x", "golang.org/x/...",
	}, charm...)},
}
