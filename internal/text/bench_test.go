package text

import (
	"strings"
	"testing"
)

const (
	asciiLine    = `time=2026-03-02T09:14:07Z level=info msg="request served" method=GET path=/api/v1/orders status=200 bytes=5123 duration=12.3ms trace=4bf92f3577b34da6`
	plainUTF8    = `2026-03-02 09:14:07 Größe geändert: 日本語のログ行です — следующая строка журнала ✓ déjà vu`
	colouredLine = "\x1b[36m2026-03-02T09:14:07Z\x1b[0m \x1b[1;33mWARN\x1b[0m \x1b[2mapi/orders.go:41\x1b[22m retrying \x1b[38;5;208morders-db\x1b[39m after \x1b[38;2;120;200;80m1.5s\x1b[0m attempt \x1b[1m3\x1b[0m"
)

// Clean lines cost nothing, however they come.
func TestCleanLinesDoNotAllocate(t *testing.T) {
	for name, s := range map[string]string{
		"ASCII": asciiLine, "with line end": asciiLine + "\r\n", "UTF-8": plainUTF8, "empty": "",
	} {
		if n := testing.AllocsPerRun(100, func() { _ = CleanLine(s) }); n != 0 {
			t.Errorf("%s: CleanLine allocates %v times", name, n)
		}
		if n := testing.AllocsPerRun(100, func() { _ = CleanLong(s) }); n != 0 {
			t.Errorf("%s: CleanLong allocates %v times", name, n)
		}
		if n := testing.AllocsPerRun(100, func() { _ = DetectLevel(s) }); n != 0 {
			t.Errorf("%s: DetectLevel allocates %v times", name, n)
		}
		b := []byte(s)
		if n := testing.AllocsPerRun(100, func() { _ = CleanLineBytes(b) }); n > 1 {
			t.Errorf("%s: CleanLineBytes allocates %v times, want the copy alone", name, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _ = Clean("api-7c9d-x2v") }); n != 0 {
		t.Errorf("Clean allocates %v times", n)
	}
}

// A coloured line costs its text, its spans, and one buffer at most.
func TestColouredLinesAllocateLittle(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _ = CleanLine(colouredLine) }); n > 4 {
		t.Errorf("allocates %v times, want at most 4", n)
	}
}

func benchmarkClean(b *testing.B, line string) {
	b.Helper()
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		_ = CleanLine(line)
	}
}

func BenchmarkCleanASCII(b *testing.B)    { benchmarkClean(b, asciiLine) }
func BenchmarkCleanUTF8(b *testing.B)     { benchmarkClean(b, plainUTF8) }
func BenchmarkCleanColoured(b *testing.B) { benchmarkClean(b, colouredLine) }

// BenchmarkCleanHostile is the worst per byte that a 64 KiB line can be made of.
func BenchmarkCleanHostile(b *testing.B) {
	for name, part := range map[string]string{
		"openers": "\x1b]", "C1 openers": "\u009d", "invalid": "\xff", "bidi": "\u202e", "notes": "\x1b[8mha:A",
		"tabs": "\t", "marks between colours": "\u0301\x1b[1m\u0301\x1b[m", "kanji between colours": "日\x1b[1m本\x1b[m",
		"long parameters": "\x1b[" + strings.Repeat("1;", 2000), "joiners": "👩\u200d", "flags between colours": "🇩\x1b[1m🇪\x1b[m",
	} {
		b.Run(name, func(b *testing.B) { benchmarkClean(b, strings.Repeat(part, maxLine/len(part))) })
	}
}

func BenchmarkDetectLevel(b *testing.B) {
	b.SetBytes(levelWindow)
	b.ReportAllocs()
	for b.Loop() {
		_ = DetectLevel("2026-03-02 09:14:07 a line that says nothing about what it is, nor how it went, so that all of it must be read to the end of the window and somewhat further than that")
	}
}

func BenchmarkCut(b *testing.B) {
	l := CleanLine(colouredLine)
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Cut(5, 60)
	}
}

func BenchmarkWidthASCII(b *testing.B) {
	b.SetBytes(int64(len(asciiLine)))
	for b.Loop() {
		_ = Width(asciiLine)
	}
}
