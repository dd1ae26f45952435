package text

import (
	"math"
	"strconv"
	"time"
)

// none stands where a number is not known.
const none = "–"

// Bytes writes an amount of memory or disk in powers of 1024: 512B, 1.5Gi,
// 212Mi.
func Bytes(n float64) Safe {
	return Safe{scaled(n, 1024, []string{"B", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"})}
}

// Count writes a number in powers of 1000: 999, 1.2k, 34M.
func Count(n int) Safe {
	return Safe{scaled(float64(n), 1000, []string{"", "k", "M", "G", "T", "P", "E"})}
}

// scaled writes n with a unit so that it has two or three digits.
func scaled(n, base float64, units []string) string {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return none
	}
	if n < 0 {
		if s := scaled(-n, base, units); s != "0"+units[0] {
			return "-" + s
		}
		n = 0
	}
	u := 0
	// The comparison is made on the rounded number, so that none reads 1024Ki.
	for math.Round(n) >= base && u < len(units)-1 {
		n /= base
		u++
	}
	if u == 0 || math.Round(n*10) >= 100 {
		return strconv.FormatFloat(math.Round(n), 'f', 0, 64) + units[u]
	}
	return decimals(n, 1) + units[u]
}

// decimals rounds to that many places and drops zeros at the end.
func decimals(n float64, places int) string {
	p := math.Pow10(places)
	return strconv.FormatFloat(math.Round(n*p)/p, 'f', -1, 64)
}

// CPU writes processor time per time, given in thousandths of a core, as
// Kubernetes does: 430m, 1.25, 12.
func CPU(millicores float64) Safe {
	switch m := millicores; {
	case math.IsNaN(m) || math.IsInf(m, 0):
		return Safe{none}
	case m <= 0:
		return Safe{"0"}
	case m < 1:
		return Safe{"<1m"}
	case math.Round(m) < 1000:
		return Safe{decimals(m, 0) + "m"}
	case math.Round(m) < 10_000:
		return Safe{decimals(m/1000, 2)}
	default:
		return Safe{decimals(m/1000, 0)}
	}
}

const day = 24 * time.Hour

// Age writes how long something has existed, in the coarsest unit that is
// true: <1m, 4m, 2h, 3d, 1y. It never shows seconds, so that nothing on the
// screen ticks.
func Age(d time.Duration) Safe {
	whole := func(unit time.Duration, name string) Safe {
		return Safe{strconv.FormatInt(int64(d/unit), 10) + name}
	}
	switch {
	case d < time.Minute:
		return Safe{"<1m"}
	case d < time.Hour:
		return whole(time.Minute, "m")
	case d < day:
		return whole(time.Hour, "h")
	case d < 365*day:
		return whole(day, "d")
	default:
		return whole(365*day, "y")
	}
}

// Duration writes how long something took, in its two largest units: 820ms,
// 48s, 2m14s, 3h5m, 2d4h.
func Duration(d time.Duration) Safe {
	if d < 0 {
		if d == math.MinInt64 {
			d++
		}
		return Safe{"-" + Duration(-d).s}
	}
	two := func(big time.Duration, bigName string, small time.Duration, smallName string) Safe {
		s := strconv.FormatInt(int64(d/big), 10) + bigName
		if rest := d % big / small; rest > 0 {
			s += strconv.FormatInt(int64(rest), 10) + smallName
		}
		return Safe{s}
	}
	switch {
	case d == 0:
		return Safe{"0s"}
	case d < time.Millisecond:
		return Safe{"<1ms"}
	case d < time.Second:
		return Safe{strconv.FormatInt(d.Milliseconds(), 10) + "ms"}
	case d < time.Minute:
		return Safe{strconv.FormatInt(int64(d/time.Second), 10) + "s"}
	case d < time.Hour:
		return two(time.Minute, "m", time.Second, "s")
	case d < day:
		return two(time.Hour, "h", time.Minute, "m")
	default:
		return two(day, "d", time.Hour, "h")
	}
}
