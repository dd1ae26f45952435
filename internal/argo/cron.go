package argo

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// schedule is a cron expression of five fields, as sync windows have it: minute,
// hour, day of month, month, day of week. Each is a set of bits.
type schedule struct {
	minute, hour, day, month, weekday uint64
	anyDay, anyWeekday                bool
}

var (
	monthNames   = []string{"", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	macros       = map[string]string{
		"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
		"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
	}
)

func parseSchedule(expr string) (schedule, error) {
	var s schedule
	if m, ok := macros[strings.TrimSpace(expr)]; ok {
		expr = m
	}
	f := strings.Fields(expr)
	if len(f) != 5 {
		return s, fmt.Errorf("schedule %q has %d fields instead of 5", expr, len(f))
	}
	for i, p := range []struct {
		to       *uint64
		min, max int
		names    []string
	}{
		{&s.minute, 0, 59, nil}, {&s.hour, 0, 23, nil}, {&s.day, 1, 31, nil}, {&s.month, 1, 12, monthNames}, {&s.weekday, 0, 7, weekdayNames},
	} {
		set, err := parseField(f[i], p.min, p.max, p.names)
		if err != nil {
			return s, fmt.Errorf("schedule %q: %w", expr, err)
		}
		*p.to = set
	}
	if s.weekday&(1<<7) != 0 { // Sunday is 0 and 7
		s.weekday |= 1
	}
	s.anyDay, s.anyWeekday = strings.HasPrefix(f[2], "*") || f[2] == "?", strings.HasPrefix(f[4], "*") || f[4] == "?"
	return s, nil
}

func parseField(f string, least, most int, names []string) (uint64, error) {
	var set uint64
	for part := range strings.SplitSeq(f, ",") {
		span, by, stepped := strings.Cut(part, "/")
		step, from, to := 1, least, most
		if stepped {
			n, err := strconv.Atoi(by)
			if err != nil || n < 1 {
				return 0, fmt.Errorf("%q is no step", part)
			}
			step = n
		}
		if span != "*" && span != "?" {
			low, high, ranged := strings.Cut(span, "-")
			var err error
			if from, err = fieldValue(low, names); err != nil {
				return 0, err
			}
			switch {
			case ranged:
				if to, err = fieldValue(high, names); err != nil {
					return 0, err
				}
			case !stepped:
				to = from
			}
		}
		if from < least || to > most || from > to {
			return 0, fmt.Errorf("%q is not within %d-%d", part, least, most)
		}
		for i := from; i <= to; i += step {
			set |= 1 << i
		}
	}
	return set, nil
}

func fieldValue(s string, names []string) (int, error) {
	for i, n := range names {
		if n != "" && strings.EqualFold(n, s) {
			return i, nil
		}
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", s)
	}
	return n, nil
}

// starts reports whether the schedule has a start in t's minute.
func (s schedule) starts(t time.Time) bool {
	if s.minute&(1<<t.Minute()) == 0 || s.hour&(1<<t.Hour()) == 0 {
		return false
	}
	return s.onDay(t)
}

// onDay reports whether the schedule can start on t's day. As in cron, a day of
// the month and a day of the week are alternatives when both are given.
func (s schedule) onDay(t time.Time) bool {
	if s.month&(1<<int(t.Month())) == 0 {
		return false
	}
	day, weekday := s.day&(1<<t.Day()) != 0, s.weekday&(1<<int(t.Weekday())) != 0
	if s.anyDay || s.anyWeekday {
		return day && weekday
	}
	return day || weekday
}

// next is the first start after t, within a year; zero: none.
func (s schedule) next(t time.Time) time.Time {
	end := t.AddDate(1, 0, 1)
	for t = t.Truncate(time.Minute).Add(time.Minute); t.Before(end); {
		switch {
		case !s.onDay(t):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
		case s.hour&(1<<t.Hour()) == 0:
			t = t.Truncate(time.Hour).Add(time.Hour)
		case s.minute&(1<<t.Minute()) == 0:
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}
