package text

import (
	"slices"
	"strings"
	"testing"
)

func TestDetectLevel(t *testing.T) {
	for line, want := range map[string]string{
		`time=2026-03-02T09:14:07Z level=info msg="x"`:    "info",
		`level="warn" msg=x`:                              "warn",
		`{"time":"2026-03-02","level":"ERROR","msg":"x"}`: "error",
		`{"severity": "CRITICAL", "message":"x"}`:         "fatal",
		`{"level":30,"time":1531171074631,"msg":"hello"}`: "info",
		`{"level":50}`:          "error",
		`{"log.level":"debug"}`: "debug",
		`2026-03-02T09:14:07Z ERR failed to dial error="x"`:               "error",
		`2026-03-02 09:14:07,123 [main] WARN  c.e.Foo - slow`:             "warn",
		`[ERROR] Failed to execute goal`:                                  "error",
		`[2026-03-02 09:14:07] [error] 12#12: upstream timed out`:         "error",
		`2026/03/02 09:14:07 [warn] 12#12: buffered to a temporary file`:  "warn",
		`E0302 09:14:07.123456       1 reflector.go:138] Failed to watch`: "error",
		`I0302 09:14:07.123456       1 main.go:1] ERROR in the text`:      "info",
		`W0302 09:14:07.1 1 x.go:1] y`:                                    "warn",
		`E0302`:                                                           "",
		`error: failed to push some refs`:                                 "error",
		`Error: Cannot find module`:                                       "error",
		`panic: runtime error: index out of range`:                        "fatal",
		`npm ERR! code ELIFECYCLE`:                                        "error",
		`##[error]Process completed with exit code 1.`:                    "error",
		`INFO:     127.0.0.1:1234 - "GET / HTTP/1.1" 200 OK`:              "info",
		`2026-03-02 09:14:07.123 UTC [1] FATAL:  password authentication`: "fatal",
		`09:14:07 TRC entering`:                                           "trace",
		`09:14:07 | DEBUG    | module:fn:1 - x`:                           "debug",
		`<notice> ready`:                                                  "info",
		`msg="ERROR retried" level=info`:                                  "info",
		`an error occurred, for your information`:                         "",
		`the level of water`:                                              "",
		`level up: ERROR_CODE=1`:                                          "",
		`GET /error/info 200`:                                             "",
		`terror INFORMAL WARNER`:                                          "",
		strings.Repeat("x", 200) + " ERROR":                               "",
		strings.Repeat(".", 155) + " INFORMAL":                            "",
		"":                                                                "",
		"│ WARN │":                                                        "warn",
	} {
		if got := DetectLevel(line); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func TestFields(t *testing.T) {
	for line, want := range map[string][]KV{
		`{"level":"info","n":1.50,"big":12345678901234567890,"nested":{"a": [1]},"z":null}`: {
			{"level", "info"}, {"n", "1.50"}, {"big", "12345678901234567890"}, {"nested", `{"a": [1]}`}, {"z", "null"},
		},
		` {"b":"x\ny","a":"\u001b[2J","a":true} `: {{"b", "x\ny"}, {"a", "\x1b[2J"}, {"a", "true"}},
		`{}`:                                    nil,
		`level=info msg="two words" n=3`:        {{"level", "info"}, {"msg", "two words"}, {"n", "3"}},
		`level=info msg="a \"quoted\" \x word"`: {{"level", "info"}, {"msg", `a \"quoted\" \x word`}},
		`a= b="" c==d`:                          {{"a", ""}, {"b", ""}, {"c", "=d"}},
		`level=info msg=server started`:         {{"level", "info"}, {"msg", "server"}, {"started", ""}},
	} {
		got, ok := Fields(line)
		if !ok || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", line, got, ok, want)
		}
	}
	for _, line := range []string{
		"", "plain words", "x=1", "see a=b and c=d", `a="open b=1`, `a="x"y b=2`, `{"a":1`, `{"a":1} x`, `{"a":1}{"b":2}`, `{a:1}`, `[1,2]`, `{"a":}`,
		`"a"=1 b=2`, "{" + strings.Repeat(`"a":{`, 100) + strings.Repeat("}", 101),
	} {
		if got, ok := Fields(line); ok {
			t.Errorf("%s: is not structured, yet got %q", line, got)
		}
	}
}

func TestPretty(t *testing.T) {
	join := func(ls []Line) string {
		var s []string
		for _, l := range ls {
			s = append(s, l.text)
		}
		return strings.Join(s, "\n")
	}
	if got, want := join(Pretty(CleanLine(`{"a":[1,"\u001b[2J"],"b":{}}`))), "{\n  \"a\": [\n    1,\n    \"\\u001b[2J\"\n  ],\n  \"b\": {}\n}"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, s := range []string{"plain", "", "{not json}", "{", strings.Repeat("[", 5000) + strings.Repeat("]", 5000)} {
		if got := Pretty(CleanLine(s)); len(got) != 1 || got[0].text != s {
			t.Errorf("%.20q became %d lines", s, len(got))
		}
	}
}
