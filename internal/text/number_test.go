package text

import (
	"math"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want Safe }{
		{Bytes(0), Lit("0B")},
		{Bytes(512), Lit("512B")},
		{Bytes(1023.6), Lit("1Ki")},
		{Bytes(1536), Lit("1.5Ki")},
		{Bytes(9.96 * 1024), Lit("10Ki")},
		{Bytes(212 << 20), Lit("212Mi")},
		{Bytes(1023.7 * (1 << 20)), Lit("1Gi")},
		{Bytes(1 << 30), Lit("1Gi")},
		{Bytes(3.44 * (1 << 40)), Lit("3.4Ti")},
		{Bytes(math.Pow(2, 72)), Lit("4096Ei")},
		{Bytes(-1536), Lit("-1.5Ki")},
		{Bytes(-0.1), Lit("0B")},
		{Bytes(math.NaN()), Lit("–")},
		{Bytes(math.Inf(1)), Lit("–")},
		{CPU(0), Lit("0")},
		{CPU(-3), Lit("0")},
		{CPU(0.2), Lit("<1m")},
		{CPU(430), Lit("430m")},
		{CPU(999.6), Lit("1")},
		{CPU(1250), Lit("1.25")},
		{CPU(1500), Lit("1.5")},
		{CPU(9999.7), Lit("10")},
		{CPU(12_040), Lit("12")},
		{CPU(math.NaN()), Lit("–")},
		{Count(0), Lit("0")},
		{Count(999), Lit("999")},
		{Count(1234), Lit("1.2k")},
		{Count(12_345), Lit("12k")},
		{Count(999_999), Lit("1M")},
		{Count(-1500), Lit("-1.5k")},
		{Age(-time.Hour), Lit("<1m")},
		{Age(0), Lit("<1m")},
		{Age(59 * time.Second), Lit("<1m")},
		{Age(4*time.Minute + 59*time.Second), Lit("4m")},
		{Age(119 * time.Minute), Lit("1h")},
		{Age(23*time.Hour + 59*time.Minute), Lit("23h")},
		{Age(80 * time.Hour), Lit("3d")},
		{Age(800 * day), Lit("2y")},
		{Duration(0), Lit("0s")},
		{Duration(time.Microsecond), Lit("<1ms")},
		{Duration(820 * time.Millisecond), Lit("820ms")},
		{Duration(48*time.Second + 900*time.Millisecond), Lit("48s")},
		{Duration(134 * time.Second), Lit("2m14s")},
		{Duration(2 * time.Minute), Lit("2m")},
		{Duration(3*time.Hour + 5*time.Minute + time.Second), Lit("3h5m")},
		{Duration(52 * time.Hour), Lit("2d4h")},
		{Duration(-134 * time.Second), Lit("-2m14s")},
		{Duration(math.MinInt64), Lit("-106751d23h")},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
