package query

import (
	"math"
	"strconv"
	"strings"

	"devops-tui/internal/core"
)

var byteUnits = map[string]float64{
	"": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
	"ki": 1 << 10, "kib": 1 << 10, "mi": 1 << 20, "mib": 1 << 20, "gi": 1 << 30, "gib": 1 << 30, "ti": 1 << 40, "tib": 1 << 40,
}

var durationUnits = map[string]float64{"": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}

var countUnits = map[string]float64{"": 1, "k": 1e3, "m": 1e6}

// number reads a value in the unit of a column type, as core.Cell says it:
// millicores, bytes, seconds. percent says that it was written with %.
func number(s string, typ core.ColumnType) (v float64, percent, ok bool) {
	low := strings.ToLower(strings.TrimSuffix(s, "/s"))
	if p, found := strings.CutSuffix(low, "%"); found {
		v, ok = plain(p)
		return v, true, ok
	}
	switch typ {
	case core.CPU:
		if m, found := strings.CutSuffix(low, "m"); found {
			v, ok = plain(m)
			return v, false, ok
		}
		v, ok = plain(strings.TrimSuffix(low, "c"))
		return v * 1000, false, ok
	case core.Bytes:
		v, ok = withUnit(low, byteUnits)
	case core.Age, core.Duration:
		v, ok = duration(low)
	case core.Percent:
		v, ok = plain(low)
	default:
		v, ok = withUnit(low, countUnits)
	}
	return v, false, ok
}

func plain(s string) (float64, bool) {
	for i := range len(s) { // no "inf", no "0x10", no "1e5"
		if c := s[i]; (c < '0' || c > '9') && c != '.' && (i > 0 || c != '-') {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && !math.IsInf(v, 0)
}

// unitStart is where the digits end.
func unitStart(s string) int {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && (i > 0 || c != '-') {
			return i
		}
	}
	return len(s)
}

func withUnit(s string, units map[string]float64) (float64, bool) {
	i := unitStart(s)
	unit, known := units[s[i:]]
	v, ok := plain(s[:i])
	return v * unit, ok && known
}

// duration reads 90, 2h, 1h30m; a bare number is seconds.
func duration(s string) (float64, bool) {
	if s == "" {
		return 0, false
	}
	var sum float64
	for s != "" {
		i := unitStart(s)
		v, ok := plain(s[:i])
		if !ok {
			return 0, false
		}
		j := i
		for j < len(s) && s[j] >= 'a' && s[j] <= 'z' {
			j++
		}
		unit, known := durationUnits[s[i:j]]
		if !known {
			return 0, false
		}
		sum += v * unit
		s = s[j:]
	}
	return sum, true
}

// numberHint says how values of a type are written.
func numberHint(typ core.ColumnType) string {
	switch typ {
	case core.CPU:
		return "cores such as 2 or 500m"
	case core.Bytes:
		return "bytes such as 512Mi or 1G"
	case core.Age, core.Duration:
		return "a time such as 30s, 5m, 2h or 3d"
	case core.Percent:
		return "percent such as 80%"
	default:
		return "a number such as 3"
	}
}
