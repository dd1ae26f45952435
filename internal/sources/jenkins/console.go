package jenkins

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"devops-tui/internal/rest"
)

const (
	// consoleWhole is how long a console may be to be read from its beginning.
	consoleWhole = 8 << 20
	// consoleTail is how much of the end of a longer one is read.
	consoleTail = 4 << 20
	// consoleMost bounds one answer while a log is followed.
	consoleMost = 16 << 20
	followFirst = 2 * time.Second
	followMost  = 5 * time.Second
)

// piece is what one request has of a console.
type piece struct {
	data    []byte
	from    int64 // where data begins
	next    int64 // where to go on: X-Text-Size
	more    bool  // the build still writes
	skipped int64 // bytes before data that were not read
	lost    int64 // bytes after data that were not read
	stamp   time.Time
}

// progressive reads the console from an offset on.
// https://github.com/jenkinsci/stapler: LargeText, X-Text-Size, X-More-Data
func (s *Source) progressive(ctx context.Context, full string, number int, start, most int64) (piece, error) {
	p := piece{from: start}
	body, resp, err := s.openConsole(ctx, full, number, start)
	if err != nil {
		return p, err
	}
	defer body.Close()
	if err := p.head(resp); err != nil {
		return p, err
	}
	if p.next < start { // the log is another one: what came is its beginning
		p.from = 0
	}
	p.data, err = io.ReadAll(io.LimitReader(body, most))
	if err != nil {
		return p, fmt.Errorf("the console broke off: %w", err)
	}
	if n := int64(len(p.data)); n == most {
		p.lost = max(p.next-p.from-n, 0)
	}
	return p, nil
}

func (s *Source) openConsole(ctx context.Context, full string, number int, start int64) (io.ReadCloser, *rest.Response, error) {
	return s.api.Open(ctx, rest.Request{
		Path: below(full, strconv.Itoa(number), "logText", "progressiveText"), Query: url.Values{"start": {strconv.FormatInt(start, 10)}}, Urgent: true,
	})
}

func (p *piece) head(resp *rest.Response) error {
	size := resp.Header.Get("X-Text-Size")
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("the console has no size: what answers is no Jenkins")
	}
	p.next, p.more = n, resp.Header.Get("X-More-Data") == "true"
	p.stamp = resp.Date()
	return nil
}

// console reads what there is of a console now: all of it, or the end of one
// that is longer than whole.
func (s *Source) console(ctx context.Context, full string, number int, whole, tail int64) (piece, error) {
	p := piece{}
	body, resp, err := s.openConsole(ctx, full, number, 0)
	if err != nil {
		return p, err
	}
	defer body.Close()
	if err := p.head(resp); err != nil {
		return p, err
	}
	if p.next <= whole {
		if p.data, err = io.ReadAll(io.LimitReader(body, consoleMost)); err != nil {
			return p, fmt.Errorf("the console broke off: %w", err)
		}
		return p, nil
	}
	body.Close()
	start := p.next - tail
	if p, err = s.progressive(ctx, full, number, start, consoleMost); err != nil {
		return p, err
	}
	p.skipped = p.from
	if i := bytes.IndexByte(p.data, '\n'); i >= 0 && p.from > 0 { // the first line is cut
		p.data, p.skipped = p.data[i+1:], p.from+int64(i)+1
	}
	return p, nil
}
