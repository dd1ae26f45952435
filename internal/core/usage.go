package core

import "math"

// Measure is one thing that is measured of a running object.
type Measure uint8

// The measures and their units.
const (
	MeasureNone Measure = iota
	CPUUsed             // millicores
	MemUsed             // bytes (working set)
	NetRx               // bytes per second
	NetTx               // bytes per second
	BlockRead           // bytes per second
	BlockWrite          // bytes per second
	PIDs                // count
	CPULimit            // millicores; 0 none
	MemLimit            // bytes; 0 none
	CPURequest          // millicores; 0 none
	MemRequest          // bytes; 0 none
	RequestRate         // requests per second
	ErrorRate           // errors per second
	LatencyP95          // seconds
	NumMeasures
)

var measureNames = [NumMeasures]string{"", "cpu", "mem", "rx", "tx", "read", "write", "pids", "cpu-limit", "mem-limit", "cpu-request", "mem-request", "requests", "errors", "p95"}

// String is the measure's short name.
func (m Measure) String() string {
	if m < NumMeasures {
		return measureNames[m]
	}
	return ""
}

// Usage is one sample of one object. Values that are not known are NaN
// (see NewUsage); limits and requests are 0 when there is none.
type Usage struct {
	Ref    Ref
	At     int64 // Unix nanoseconds of the sample at the system
	Values [NumMeasures]float64
}

// Point is one value of a series.
type Point struct {
	At    int64 // Unix nanoseconds
	Value float64
}

// Series is one line of a chart.
type Series struct {
	Measure Measure
	Name    string // raw; "" for the object itself
	Points  []Point
}

// NewUsage is a sample in which nothing is known yet.
func NewUsage(ref Ref, at int64) Usage {
	u := Usage{Ref: ref, At: at}
	for m := range u.Values {
		u.Values[m] = math.NaN()
	}
	for _, m := range []Measure{CPULimit, MemLimit, CPURequest, MemRequest} {
		u.Values[m] = 0
	}
	return u
}
