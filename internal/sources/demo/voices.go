package demo

import (
	"fmt"
	"strings"
	"time"
)

// podVoice is the main program of a pod.
type podVoice struct{ p *pod }

func (v podVoice) rate(age time.Duration) float64 {
	p := v.p
	rate := p.rs.dep.service.lines
	if p.place().scope == Staging {
		rate *= 0.2
	}
	if p.rs.build.defect == errs && age > onset(p.place().w) {
		rate = max(rate*4, 3)
	}
	return min(rate, 20)
}

// onset is how long a build that answers with errors does well.
func onset(w *world) time.Duration { return w.story(8 * time.Second) }

func (v podVoice) boot(d *dice, t time.Time) []string {
	b := v.p.rs.build
	switch b.service.name {
	case "api":
		return []string{
			slog(t, "INFO", "starting", "version", b.commit.short(), "go", "go1.26.8"),
			slog(t, "INFO", "connected to database", "host", "postgres.shop.svc", "pool", 20),
			slog(t, "INFO", "listening", "addr", ":8080"),
		}
	case "web":
		return []string{
			"> web@2.14.0 start", "\x1b[36m▲ Next.js 15.2.1\x1b[0m", "   - Local:   http://localhost:3000",
			fmt.Sprintf("\x1b[32m✓\x1b[0m Ready in %dms", 700+d.n(900)),
		}
	}
	return []string{
		logfmt(t, "info", "starting billing", "version", b.commit.short(), "jvm", "21.0.4"),
		logfmt(t, "info", "connected", "db", "jdbc:postgresql://postgres.payments.svc/billing"),
		logfmt(t, "info", "started", "took", fmt.Sprintf("%.1fs", 1.8+2*d.float())),
	}
}

func (v podVoice) talk(d *dice, t time.Time, age time.Duration) string {
	p := v.p
	w, bad := p.place().w, p.rs.build.defect
	failing := bad == errs && age > onset(w) && d.n(100) < 55
	switch p.rs.build.service.name {
	case "api":
		if bad == leaks && d.n(6) == 0 {
			return slog(t, "WARN", "gc under pressure", "heap_mb", 96+int(150*min(1, age.Seconds()/w.story(70*time.Second).Seconds())), "pause_ms", 20+d.n(90))
		}
		if !failing && w.troubled(p.place(), "billing", t) && d.n(8) == 0 {
			return slog(t, "WARN", "billing is slow", "attempt", 1+d.n(3), "took_ms", 900+d.n(2100), "trace_id", d.hex(16))
		}
		return apiLine(d, t, failing)
	case "web":
		if !failing && w.troubled(p.place(), "api", t) && d.n(5) == 0 {
			return fmt.Sprintf("\x1b[33mWARN\x1b[0m  upstream api answered 502 Bad Gateway, retrying (trace=%s)", d.hex(8))
		}
		return webLine(d, failing)
	}
	return billingLine(d, t, failing)
}

func (v podVoice) last(d *dice, t time.Time, life instance) []string {
	switch {
	case life.reason == "OOMKilled":
		return nil // the kernel leaves no time for words
	case life.exit == 0:
		return []string{v.farewell(t)}
	}
	switch v.p.rs.build.service.name {
	case "api":
		return []string{
			slog(t, "ERROR", "config: DB_POOL_MAX must be positive, got 0", "source", "environment"),
			"panic: runtime error: integer divide by zero\n\ngoroutine 1 [running]:\nmain.newPool(0xc0001a2000, 0x0)\n\t/src/api/pool.go:41 +0x1d4\n" +
				"main.run({0x1a3f2e0, 0xc0000b4000})\n\t/src/api/main.go:77 +0x3a8\nmain.main()\n\t/src/api/main.go:31 +0x85\nexit status 2",
		}
	case "web":
		return []string{
			"\x1b[31mERROR\x1b[0m unhandledRejection TypeError: Cannot read properties of undefined (reading 'url')\n" +
				"    at loadSettings (/app/dist/settings.js:18:31)\n    at async start (/app/dist/server.js:52:20)\n    at async /app/dist/server.js:90:3",
			"npm error Lifecycle script `start` failed with error: code 1",
		}
	}
	return []string{
		logfmt(t, "error", "start failed", "err", "no such setting: ledger.pool"),
		"Exception in thread \"main\" com.acme.billing.ConfigException: no such setting: ledger.pool\n" +
			"\tat com.acme.billing.Config.require(Config.java:88)\n\tat com.acme.billing.Main.main(Main.java:29)\n" +
			"Caused by: java.util.NoSuchElementException: ledger.pool\n\tat com.acme.billing.Config.lookup(Config.java:61)\n\t... 1 more",
	}
}

func (v podVoice) farewell(t time.Time) string {
	switch v.p.rs.build.service.name {
	case "api":
		return slog(t, "INFO", "shut down", "signal", "terminated", "open_requests", 0)
	case "web":
		return "Received SIGTERM, closing 12 connections"
	}
	return logfmt(t, "info", "stopped", "signal", "TERM")
}

var apiPaths = []string{"/v1/products", "/v1/products/%d", "/v1/carts/%d", "/v1/orders/%d"}

func route(d *dice, from []string) string {
	p := oneOf(d, from)
	if strings.Contains(p, "%d") {
		p = fmt.Sprintf(p, 1000+d.n(9000))
	}
	return p
}

func apiLine(d *dice, t time.Time, failing bool) string {
	method, paths, status := "GET", apiPaths, oneOf(d, []int{200, 200, 200, 200, 304, 404})
	if d.n(4) == 0 {
		method, paths, status = "POST", []string{"/v1/orders", "/v1/carts/%d"}, oneOf(d, []int{200, 201, 201, 409})
	}
	if failing {
		return oneOf(d, []string{
			slog(t, "ERROR", "request failed", "method", method, "path", route(d, paths), "status", 502, "error", "dial tcp 10.0.3.7:5432: connect: connection refused", "trace_id", d.hex(16)),
			slog(t, "ERROR", "request failed", "method", method, "path", route(d, paths), "status", 500, "error", "price service: context deadline exceeded", "trace_id", d.hex(16)),
			slog(t, "WARN", "retrying", "attempt", 1+d.n(3), "wait_ms", 100<<d.n(5)),
		})
	}
	switch d.n(40) {
	case 0:
		return slog(t, "WARN", "slow query", "table", oneOf(d, []string{"orders", "products"}), "took_ms", 300+d.n(700))
	case 1, 2:
		return slog(t, "DEBUG", "cache", "hits", 400+d.n(600), "misses", d.n(60))
	}
	return slog(t, "INFO", "request", "method", method, "path", route(d, paths), "status", status,
		"duration_ms", 3+d.n(60), "trace_id", d.hex(16))
}

var webPaths = []string{"/", "/products", "/products/%d", "/cart", "/checkout", "/account", "/api/session"}

func webLine(d *dice, failing bool) string {
	if failing {
		if d.n(4) == 0 {
			return "\x1b[31mERROR\x1b[0m render failed: FetchError: request to http://api.shop.svc/v1/products failed, reason: socket hang up\n" +
				"    at ClientRequest.<anonymous> (/app/node_modules/node-fetch/lib/index.js:1501:11)\n    at ClientRequest.emit (node:events:518:28)\n    at process.processTicksAndRejections (node:internal/process/task_queues:82:21)"
		}
		return fmt.Sprintf("\x1b[31mERROR\x1b[0m GET %s \x1b[31m500\x1b[0m in %dms", route(d, webPaths), 900+d.n(4000))
	}
	code, colour := 200, 32
	if d.n(20) == 0 {
		code, colour = 404, 33
	}
	return fmt.Sprintf("\x1b[32mINFO\x1b[0m  GET %s \x1b[%dm%d\x1b[0m in %dms", route(d, webPaths), colour, code, 8+d.n(180))
}

func billingLine(d *dice, t time.Time, failing bool) string {
	invoice := fmt.Sprintf("INV-%d", 20000+d.n(9999))
	if failing {
		return logfmt(t, "error", "charge failed", "invoice", invoice, "err", "ledger: connection reset by peer") + "\n" +
			"com.acme.billing.LedgerException: connection reset by peer\n\tat com.acme.billing.Ledger.post(Ledger.java:142)\n" +
			"\tat com.acme.billing.Charges.capture(Charges.java:77)\n\tat java.base/java.lang.Thread.run(Thread.java:1583)"
	}
	switch d.n(12) {
	case 0:
		return logfmt(t, "warn", "card declined", "invoice", invoice, "code", oneOf(d, []string{"insufficient_funds", "expired_card"}))
	case 1:
		return logfmt(t, "debug", "ledger balanced", "entries", fmt.Sprint(100+d.n(900)))
	}
	return logfmt(t, "info", oneOf(d, []string{"invoice issued", "payment captured", "mandate checked"}), "invoice", invoice,
		"amount", fmt.Sprintf("%d.%02d", 5+d.n(400), d.n(100)), "currency", "EUR", "took", fmt.Sprintf("%dms", 20+d.n(300)))
}

// slog writes a line as Go's JSON handler does.
func slog(t time.Time, level, msg string, kv ...any) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"time":%q,"level":%q,"msg":%q`, t.UTC().Format(time.RFC3339Nano), level, msg)
	for i := 0; i+1 < len(kv); i += 2 {
		if s, ok := kv[i+1].(string); ok {
			fmt.Fprintf(&b, ",%q:%q", kv[i], s)
		} else {
			fmt.Fprintf(&b, ",%q:%v", kv[i], kv[i+1])
		}
	}
	return b.String() + "}"
}

// logfmt writes key=value pairs.
func logfmt(t time.Time, level, msg string, kv ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ts=%s level=%s msg=%q", t.UTC().Format("2006-01-02T15:04:05.000Z"), level, msg)
	for i := 0; i+1 < len(kv); i += 2 {
		if strings.ContainsAny(kv[i+1], " =\"") {
			fmt.Fprintf(&b, " %s=%q", kv[i], kv[i+1])
		} else {
			fmt.Fprintf(&b, " %s=%s", kv[i], kv[i+1])
		}
	}
	return b.String()
}

// proxyVoice is the sidecar of web: an access log.
type proxyVoice struct{ p *pod }

func (v proxyVoice) rate(age time.Duration) float64 { return podVoice(v).rate(age) * 0.5 }

func (v proxyVoice) boot(_ *dice, t time.Time) []string {
	return []string{t.UTC().Format("2006/01/02 15:04:05") + " [notice] 1#1: start worker processes"}
}

func (v proxyVoice) talk(d *dice, t time.Time, age time.Duration) string {
	code := 200
	if v.p.rs.build.defect == errs && age > onset(v.p.place().w) && d.n(100) < 40 {
		code = 502
	}
	return fmt.Sprintf(`10.244.%d.%d - - [%s] "GET %s HTTP/1.1" %d %d "-" %q`, 1+d.n(3), 2+d.n(250), t.UTC().Format("02/Jan/2006:15:04:05 +0000"),
		route(d, webPaths), code, 200+d.n(40000), oneOf(d, []string{"Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone)", "curl/8.9.1"}))
}

func (v proxyVoice) last(_ *dice, t time.Time, _ instance) []string {
	return []string{t.UTC().Format("2006/01/02 15:04:05") + " [notice] 1#1: signal 15 (SIGTERM) received, exiting"}
}

// migration is the init container of billing.
type migration struct{}

func (migration) rate(time.Duration) float64                  { return 0 }
func (migration) talk(*dice, time.Time, time.Duration) string { return "" }

func (migration) boot(*dice, time.Time) []string {
	return []string{"Flyway OSS Edition 11.3.0", "Database: jdbc:postgresql://postgres.payments.svc/billing (PostgreSQL 17.5)", "Successfully validated 42 migrations (execution time 00:00.031s)"}
}

func (migration) last(*dice, time.Time, instance) []string {
	return []string{`Schema "billing" is up to date. No migration necessary.`}
}
