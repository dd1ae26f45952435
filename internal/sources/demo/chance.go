package demo

import (
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"time"
)

// between draws a span from [lo, hi).
func (w *world) between(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(w.chance.Int64N(int64(hi-lo)))
}

// pick draws one of several.
func pick[T any](w *world, from []T) T { return from[w.chance.IntN(len(from))] }

const hexDigits = "0123456789abcdef"

func (w *world) letters(n int, alphabet string) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[w.chance.IntN(len(alphabet))])
	}
	return b.String()
}

// suffix is the tail of a generated name, from the letters Kubernetes uses.
func (w *world) suffix(n int) string { return w.letters(n, "bcdfghjklmnpqrstvwxz2456789") }

func (w *world) hex(n int) string { return w.letters(n, hexDigits) }

func (w *world) uid() string {
	return fmt.Sprintf("%s-%s-4%s-8%s-%s", w.hex(8), w.hex(4), w.hex(3), w.hex(3), w.hex(12))
}

// key turns a name into a seed for what is computed instead of stored.
func (w *world) key(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return mix(h.Sum64() ^ w.seed)
}

// fixed is a string of n hexadecimal digits that follows from a name alone: what
// gets its identity from it leaves the chance of the story as it was.
func (w *world) fixed(name string, n int) string {
	d := dice(w.key(name))
	return (d.hex(32) + d.hex(32))[:n]
}

// fixedUID is a UID that follows from a name alone.
func (w *world) fixedUID(name string) string {
	h := w.fixed(name, 32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:]
}

// mix is the finaliser of SplitMix64: a hash of one word.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// dice is a small generator for one slot of a stream; cheap to make.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	return mix(uint64(*d))
}

func (d *dice) n(n int) int { return int(d.next() % uint64(n)) }

func (d *dice) float() float64 { return float64(d.next()>>11) / (1 << 53) }

func (d *dice) hex(n int) string {
	return fmt.Sprintf("%016x%016x", d.next(), d.next())[:n]
}

func oneOf[T any](d *dice, from []T) T { return from[d.n(len(from))] }

// noise is smooth in t and in -1..1: values at multiples of step, joined by a
// cosine.
func noise(key uint64, t time.Time, step time.Duration) float64 {
	ns := t.UnixNano()
	i := ns / int64(step)
	f := float64(ns%int64(step)) / float64(step)
	a, b := unit(key, i), unit(key, i+1)
	s := (1 - math.Cos(f*math.Pi)) / 2
	return a + (b-a)*s
}

func unit(key uint64, i int64) float64 {
	return float64(mix(key^mix(uint64(i)))>>11)/(1<<52) - 1
}
