package mux

import "sync"

const (
	// smallBuffer holds a request of a connection that mostly waits.
	smallBuffer = 4 << 10
	// largeBuffer holds one frame of data, or what one read from a socket takes.
	largeBuffer = maxPayload + headerSize
	// batchBuffer holds what goes into one write when many send at once.
	batchBuffer = queueLimit + largeBuffer + smallBuffer
)

// Buffers that are not in use belong to nobody, and go with the next garbage
// collections: a connection that waits holds none.
var (
	smallBuffers = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	largeBuffers = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
	batchBuffers = sync.Pool{New: func() any { return new([batchBuffer]byte) }}
)

// getBuffer is an empty buffer with room for n bytes or more.
func getBuffer(n int) []byte {
	switch {
	case n <= smallBuffer:
		return smallBuffers.Get().(*[smallBuffer]byte)[:0]
	case n <= largeBuffer:
		return largeBuffers.Get().(*[largeBuffer]byte)[:0]
	case n <= batchBuffer:
		return batchBuffers.Get().(*[batchBuffer]byte)[:0]
	}
	return make([]byte, 0, n)
}

// putBuffer gives a buffer back; nil and those of other sizes are none of the
// pools'.
func putBuffer(b []byte) {
	switch cap(b) {
	case smallBuffer:
		smallBuffers.Put((*[smallBuffer]byte)(b[:smallBuffer]))
	case largeBuffer:
		largeBuffers.Put((*[largeBuffer]byte)(b[:largeBuffer]))
	case batchBuffer:
		batchBuffers.Put((*[batchBuffer]byte)(b[:batchBuffer]))
	}
}

// grow makes room for n bytes more in a buffer of the pool, nil for a new one.
func grow(b []byte, n int) []byte {
	if len(b)+n <= cap(b) {
		return b
	}
	if len(b)+n > batchBuffer {
		n = max(n, len(b)) // what grows further does so by halves
	}
	larger := append(getBuffer(len(b)+n), b...)
	putBuffer(b)
	return larger
}
