package kube

// prune says which fields of an encoded message are kept: nil stands for the
// whole field, anything else for parts of it. Decoding what is left takes two
// thirds of the time and half of the memory (BenchmarkWatchEvent): most of a pod is managed
// fields, environment, mounts, probes and tolerations.
//
// The numbers are those of generated.proto in k8s.io/api; a test compares the
// rows of pruned and of whole objects.
type prune map[int]prune

var (
	pruneMeta      = prune{1: nil, 3: nil, 5: nil, 6: nil, 7: nil, 8: nil, 9: nil, 11: nil, 12: nil, 13: nil, 14: nil}
	pruneContainer = prune{1: nil, 2: nil, 8: nil, 24: nil}
	pruneStatus    = prune{1: nil, 2: nil, 3: nil, 4: nil, 5: nil, 7: nil, 9: nil}
	prunePod       = prune{
		1: pruneMeta,
		2: {2: pruneContainer, 3: nil, 10: nil, 20: pruneContainer, 34: {1: {1: nil}}},
		3: {1: nil, 2: nil, 3: nil, 4: nil, 6: nil, 8: pruneStatus, 10: pruneStatus},
	}
)

// sizeBytes is the width of the lengths that are written: a varint may be
// longer than it needs to be, so it can be filled in afterwards.
const sizeBytes = 4

// apply appends what is kept of message b to dst.
func (p prune) apply(dst, b []byte) ([]byte, error) {
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil {
			return dst, err
		}
		child, keep := p[f.id]
		switch {
		case !keep:
		case child == nil:
			dst = append(dst, b[:len(b)-len(rest)]...)
		default:
			head := b[:len(b)-len(rest)-len(f.data)]
			dst = append(dst, head[:tagSize(head)]...)
			at := len(dst)
			dst = append(dst, 0, 0, 0, 0)
			if dst, err = child.apply(dst, f.data); err != nil {
				return dst, err
			}
			n := len(dst) - at - sizeBytes
			for i := range sizeBytes {
				dst[at+i] = byte(n>>(7*i))&0x7f | 0x80
			}
			dst[at+sizeBytes-1] &= 0x7f
		}
		b = rest
	}
	return dst, nil
}

// tagSize is the length of the varint that b begins with.
func tagSize(b []byte) int {
	for i, c := range b {
		if c < 0x80 {
			return i + 1
		}
	}
	return len(b)
}
