// Package bufs provides a pool of buffers for programs whose library reads into
// the caller's memory.
package bufs

import (
	"io"
	"slices"
	"sync"
)

var pool = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// With reads all of r into a buffer of the pool and calls fn with it. It
// returns the error of reading or of fn. The buffer is valid until fn returns.
func With(r io.Reader, fn func([]byte) error) error {
	b := pool.Get().(*[]byte)
	defer pool.Put(b)
	var err error
	if *b, err = readAll((*b)[:0], r); err != nil {
		return err
	}
	return fn(*b)
}

func readAll(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = slices.Grow(b, cap(b))
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}
