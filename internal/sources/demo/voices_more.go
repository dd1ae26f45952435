package demo

import (
	"fmt"
	"time"
)

// containerVoice is a container on the laptop.
type containerVoice struct{ c *container }

func (v containerVoice) rate(time.Duration) float64 {
	switch v.c.flavour {
	case "api", "web":
		return 1.5
	case "worker":
		return 2
	case "billing":
		return 0.5
	case "seed":
		return 1
	}
	return 0.1
}

func (v containerVoice) boot(_ *dice, t time.Time) []string {
	switch v.c.flavour {
	case "api":
		return []string{"  watching .", "\x1b[33m  building...\x1b[0m", "\x1b[32m  running...\x1b[0m", slog(t, "INFO", "listening", "addr", ":8080")}
	case "web":
		return []string{"> web@2.14.0 dev", "\x1b[32m✓\x1b[0m Ready in 1240ms"}
	case "billing":
		return []string{logfmt(t, "info", "started", "took", "4.2s")}
	case "postgres":
		return []string{pg(t, "LOG", "starting PostgreSQL 17.5 on x86_64-pc-linux-musl"), pg(t, "LOG", "database system is ready to accept connections")}
	case "redis":
		return []string{"1:M " + t.UTC().Format("02 Jan 2006 15:04:05.000") + " * Ready to accept connections tcp"}
	case "seed":
		return []string{"seeding 3 tables"}
	}
	return []string{t.UTC().Format(time.DateTime) + " INFO worker ready, 4 queues"}
}

func (v containerVoice) talk(d *dice, t time.Time, age time.Duration) string {
	switch v.c.flavour {
	case "api":
		return apiLine(d, t, false)
	case "web":
		if d.n(15) == 0 {
			return fmt.Sprintf("\x1b[35mevent\x1b[0m compiled /products in %dms (%d modules)", 80+d.n(700), 300+d.n(600))
		}
		return webLine(d, false)
	case "billing":
		return billingLine(d, t, false)
	case "postgres":
		return pg(t, "LOG", fmt.Sprintf("checkpoint complete: wrote %d buffers (0.%d%%); sync=0.0%d s", 10+d.n(200), 1+d.n(9), 1+d.n(9)))
	case "redis":
		return fmt.Sprintf("1:M %s * %d changes in 300 seconds. Saving...", t.UTC().Format("02 Jan 2006 15:04:05.000"), 100+d.n(400))
	case "seed":
		return fmt.Sprintf("inserted %d rows into %s", 10+d.n(90), oneOf(d, []string{"products", "customers", "orders"}))
	}
	if full := age.Seconds() / v.c.project.place.w.story(growth).Seconds(); full > 0.7 && d.n(4) == 0 {
		return fmt.Sprintf("%s WARN memory at %.0f%% of the limit, %d jobs held", t.UTC().Format(time.DateTime), min(full, 1)*100, 200+d.n(900))
	}
	return fmt.Sprintf("%s INFO job %d done in %dms queue=%s", t.UTC().Format(time.DateTime), 8000+d.n(2000), 20+d.n(400), oneOf(d, []string{"mail", "thumbnails", "search"}))
}

func (v containerVoice) last(_ *dice, t time.Time, life instance) []string {
	switch {
	case life.reason == "OOMKilled":
		return nil
	case v.c.flavour == "seed":
		return []string{"done"}
	case v.c.flavour == "postgres":
		return []string{pg(t, "LOG", "received fast shutdown request"), pg(t, "LOG", "database system is shut down")}
	}
	return []string{"shutting down: signal terminated"}
}

func pg(t time.Time, level, msg string) string {
	return fmt.Sprintf("%s UTC [71] %s:  %s", t.UTC().Format("2006-01-02 15:04:05.000"), level, msg)
}

// jobVoice is a job of a pipeline run.
type jobVoice struct{ j *job }

func (v jobVoice) rate(time.Duration) float64 {
	switch v.j.stage {
	case "build":
		return 3
	case "test":
		return 6
	}
	return 0.6
}

func (v jobVoice) boot(*dice, time.Time) []string {
	r := v.j.run
	out := []string{
		groupMark + stepsBefore[0], "\x1b[36mRunning with runner 18.2 on runner-3\x1b[0m", groupEnd, groupMark + stepsBefore[1],
		fmt.Sprintf("Fetching changes of %s, checking out \x1b[33m%s\x1b[0m as detached HEAD (%s)", r.build.service.repo, r.build.commit.short(), r.build.commit.branch),
		groupEnd, groupMark + v.j.work(),
	}
	switch v.j.stage {
	case "verify":
		return append(out, "\x1b[1m$ cosign verify "+r.build.image+"\x1b[0m")
	case "build":
		return append(out, "\x1b[1m$ docker build -t "+r.build.image+" .\x1b[0m", "#1 [internal] load build definition from Dockerfile")
	case "test":
		return append(out, "\x1b[1m$ make "+v.j.name+"\x1b[0m")
	}
	if r.dry {
		return append(out, "\x1b[33mdry run: nothing is deployed\x1b[0m")
	}
	return append(out, fmt.Sprintf("\x1b[1m$ kubectl -n %s set image deployment/%s app=%s\x1b[0m", r.build.service.namespace, r.build.service.name, r.build.image),
		fmt.Sprintf("deployment.apps/%s image updated", r.build.service.name))
}

var checks = []string{"CartTotals", "CheckoutFlow", "OrderPagination", "TaxRounding", "SessionExpiry", "SearchRanking", "CouponStacking", "WebhookRetry", "LedgerBalance", "CurrencyFormat"}

func (v jobVoice) talk(d *dice, _ time.Time, age time.Duration) string {
	s := v.j.run.build.service
	switch v.j.stage {
	case "build":
		return fmt.Sprintf("#%d %.3f %s", 2+int(age.Seconds()/4), age.Seconds(), oneOf(d, []string{
			"RUN --mount=type=cache go build ./...", "extracting sha256:" + d.hex(12), "COPY . /src", "resolving dependencies", "\x1b[2mCACHED\x1b[0m",
			"exporting layers", "\x1b[33mwarning\x1b[0m: 1 deprecated package",
		}))
	case "test":
		if d.n(30) == 0 {
			return fmt.Sprintf("\x1b[33m- Test%s/%d (skipped: needs a browser)\x1b[0m", oneOf(d, checks), 1+d.n(20))
		}
		return fmt.Sprintf("\x1b[32m✓\x1b[0m Test%s/%d \x1b[2m(%d.%02ds)\x1b[0m", oneOf(d, checks), 1+d.n(40), d.n(2), d.n(100))
	}
	if v.j.stage == "verify" || v.j.run.dry {
		return fmt.Sprintf("checking layer sha256:%s", d.hex(12))
	}
	return fmt.Sprintf("Waiting for deployment %q rollout to finish: %d out of %d new replicas have been updated...",
		s.name, min(1+int(age.Seconds()/6), s.replicas[v.j.run.place.scope]), s.replicas[v.j.run.place.scope])
}

func (v jobVoice) last(d *dice, _ time.Time, _ instance) []string {
	j := v.j
	s := j.run.build.service
	good := j.status != failed
	done := []string{groupEnd, groupMark + "Clean up", "Removing the working directory", groupEnd, "\x1b[32;1mJob succeeded\x1b[0m"}
	switch {
	case j.status == cancelled:
		return []string{groupEnd, "\x1b[33mThe job was cancelled\x1b[0m"}
	case j.stage == "build" && good:
		return append([]string{"pushing " + j.run.build.image, j.run.build.digest}, done...)
	case j.stage == "test" && good:
		return append([]string{fmt.Sprintf("\x1b[32m%d passed\x1b[0m, 2 skipped", 180+d.n(80))}, done...)
	case j.stage == "verify" || good && j.run.dry:
		return append([]string{"signature and attestations are valid"}, done...)
	case j.stage == "test":
		return []string{
			"\x1b[31m--- FAIL: TestCartTotals/31 (0.03s)\x1b[0m\n    cart_test.go:88: total: want 42.10, got 42.11\n\x1b[31mFAIL\x1b[0m acme/" + s.name + "/cart 1.207s",
			"make: *** [Makefile:23: " + j.name + "] Error 1", groupEnd, "\x1b[31;1mERROR: Job failed: exit code 2\x1b[0m",
		}
	case good:
		return append([]string{fmt.Sprintf("deployment %q successfully rolled out", s.name)}, done...)
	}
	return []string{"error: timed out waiting for the condition", groupEnd, "\x1b[31;1mERROR: Job failed: exit code 1\x1b[0m"}
}
