package demo

import "time"

// service is one of the three programs of the story.
type service struct {
	name, namespace, repo, language string

	containers []string // of its pods, as in Facts
	port       int
	nodePort   bool
	replicas   map[string]int // by scope

	cpuRequest, cpuLimit float64 // millicores
	memRequest, memLimit float64 // bytes
	cpuBase, memBase     float64 // what a pod needs at rest
	rate                 float64 // requests per second in prod
	p95                  float64 // seconds when all is well
	lines                float64 // log lines per second of a pod in prod
}

const mebi = 1 << 20

func cast() []*service {
	return []*service{
		{
			name: "api", namespace: "shop", repo: "acme/api", language: "go", port: 8080,
			containers: []string{"app"}, replicas: map[string]int{Prod: 4, Staging: 2},
			cpuRequest: 200, cpuLimit: 500, memRequest: 128 * mebi, memLimit: 256 * mebi,
			cpuBase: 180, memBase: 104 * mebi, rate: 240, p95: 0.042, lines: 4,
		},
		{
			name: "web", namespace: "shop", repo: "acme/web", language: "node", port: 3000, nodePort: true,
			containers: []string{"app", "proxy"}, replicas: map[string]int{Prod: 3, Staging: 2},
			cpuRequest: 150, cpuLimit: 400, memRequest: 192 * mebi, memLimit: 384 * mebi,
			cpuBase: 120, memBase: 170 * mebi, rate: 180, p95: 0.120, lines: 5,
		},
		{
			name: "billing", namespace: "payments", repo: "acme/billing", language: "java", port: 8443,
			containers: []string{"init:migrate", "app"}, replicas: map[string]int{Prod: 2, Staging: 1},
			cpuRequest: 250, cpuLimit: 1000, memRequest: 512 * mebi, memLimit: 768 * mebi,
			cpuBase: 140, memBase: 410 * mebi, rate: 24, p95: 0.210, lines: 0.8,
		},
	}
}

// ready is how many containers of a pod must be ready.
func (s *service) ready() int {
	n := 0
	for _, c := range s.containers {
		if !isInit(c) {
			n++
		}
	}
	return n
}

func isInit(container string) bool { return len(container) > 5 && container[:5] == "init:" }

// defect is what is wrong with a build, once it serves.
type defect uint8

const (
	sound   defect = iota
	crashes        // exits a few seconds after it became ready
	errs           // answers many requests with errors
	leaks          // its memory grows until the kernel ends it
	absent         // no registry has it
)

func (d defect) String() string {
	return [...]string{"none", "crash loop", "error burst", "memory growth", "image that does not exist"}[d]
}

// commit is one change to a service's repository.
type commit struct {
	sha, message, author, branch string
}

func (c commit) short() string { return c.sha[:7] }

// build is a commit made into an image.
type build struct {
	service *service
	commit  commit
	image   string // as written in manifests
	digest  string
	defect  defect
	number  int // of the run that made it
}

var people = []string{"kim", "ada", "noor", "jonas", "mei", "sofia"}

var harmless = map[string][]string{
	"api":     {"add index on orders.created_at", "bump pgx to 5.7", "paginate /v1/orders", "cache product lookups", "tidy handlers", "log request ids", "return 404 for unknown carts"},
	"web":     {"new checkout button", "lazy-load product images", "fix focus order in the cart", "upgrade next to 15.2", "dark mode for receipts", "shorter cookie banner"},
	"billing": {"round half even in invoices", "add SEPA mandate check", "retry card captures", "export ledger as CSV", "upgrade to Java 21", "validate VAT numbers"},
}

var harmful = map[defect][]string{
	crashes: {"read pool size from the environment", "require TLS to the database", "move settings to the new config loader"},
	errs:    {"switch to the new price service", "share one connection per request", "drop the retry around payments"},
	leaks:   {"cache responses in memory", "keep sessions for faster lookups", "buffer events before sending"},
}

var featureBranches = []string{"feat/search", "feat/coupons", "fix/timezone", "feat/invoices-v2", "chore/deps", "fix/flaky-cart"}

// The pace of the story.
const (
	period       = 5 * time.Minute   // from one bad deploy to production to the next
	headStart    = 72 * time.Second  // how long before the begin of the demo the first one was pushed
	patience     = 150 * time.Second // until somebody rolls a bad deploy back
	stagingEvery = 4 * time.Minute   // from one deploy to staging to the next
)
