package kube

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// The protobuf wire format of the API server, as far as it is needed to take
// a list apart without building it:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding

var magic = []byte{'k', '8', 's', 0}

// maxFrame bounds one watch event. etcd refuses objects over 1.5 MiB.
const maxFrame = 16 << 20

var errWire = errors.New("malformed protobuf")

// field is one field of a message: data for length-delimited ones, else num.
type field struct {
	id   int
	num  uint64
	data []byte
}

// next takes the first field off b.
func next(b []byte) (f field, rest []byte, err error) {
	tag, n := binary.Uvarint(b)
	if n <= 0 {
		return f, nil, errWire
	}
	b = b[n:]
	f.id = int(tag >> 3)
	switch tag & 7 {
	case 0:
		if f.num, n = binary.Uvarint(b); n <= 0 {
			return f, nil, errWire
		}
		return f, b[n:], nil
	case 1:
		if len(b) < 8 {
			return f, nil, errWire
		}
		f.num = binary.LittleEndian.Uint64(b)
		return f, b[8:], nil
	case 2:
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return f, nil, errWire
		}
		f.data = b[n : n+int(size)]
		return f, b[n+int(size):], nil
	case 5:
		if len(b) < 4 {
			return f, nil, errWire
		}
		f.num = uint64(binary.LittleEndian.Uint32(b))
		return f, b[4:], nil
	}
	return f, nil, errWire
}

// fields calls visit for every field of message b until it returns an error.
func fields(b []byte, visit func(field) error) error {
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil {
			return err
		}
		if err := visit(f); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// unwrap takes the envelope (runtime.Unknown) off an encoded object.
func unwrap(b []byte) (kind string, raw []byte, err error) {
	body, ok := bytes.CutPrefix(b, magic)
	if !ok {
		return "", nil, fmt.Errorf("not a protobuf object of Kubernetes: %w", errWire)
	}
	err = fields(body, func(f field) error {
		switch f.id {
		case 1: // TypeMeta
			return fields(f.data, func(f field) error {
				if f.id == 2 {
					kind = string(f.data)
				}
				return nil
			})
		case 2:
			raw = f.data
		}
		return nil
	})
	return kind, raw, err
}

// listPage is the head of one page of a list.
type listPage struct {
	rev     string // resourceVersion of the whole list
	proceed string // continue token; "" on the last page
}

// splitList walks over the items of a list message without decoding them: all
// lists have their metadata in field 1 and their items in field 2.
func splitList(raw []byte, item func([]byte) error) (p listPage, err error) {
	err = fields(raw, func(f field) error {
		switch f.id {
		case 1:
			return fields(f.data, func(f field) error {
				switch f.id {
				case 2:
					p.rev = string(f.data)
				case 3:
					p.proceed = string(f.data)
				}
				return nil
			})
		case 2:
			return item(f.data)
		}
		return nil
	})
	return p, err
}

// readFrame reads one length-delimited watch event into buf, which grows and
// is returned for the next one.
func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return buf, err // io.EOF between events is the regular end
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxFrame {
		return buf, fmt.Errorf("watch event of %d bytes: %w", size, errWire)
	}
	// The buffer grows with what comes, not with what is announced.
	buf, err := readAll(io.LimitReader(r, int64(size)), buf[:0])
	if err == nil && len(buf) < int(size) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return buf, fmt.Errorf("half a watch event: %w", err)
	}
	return buf, nil
}

// splitEvent takes the type and the encoded object out of a watch event
// (metav1.WatchEvent).
func splitEvent(b []byte) (kind string, object []byte, err error) {
	err = fields(b, func(f field) error {
		switch f.id {
		case 1:
			kind = string(f.data)
		case 2: // RawExtension
			return fields(f.data, func(f field) error {
				if f.id == 1 {
					object = f.data
				}
				return nil
			})
		}
		return nil
	})
	return kind, object, err
}

// without returns message b with the fields ids left out.
func without(b []byte, ids ...int) ([]byte, error) {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, f.id) {
			out = append(out, b[:len(b)-len(rest)]...)
		}
		b = rest
	}
	return out, nil
}
