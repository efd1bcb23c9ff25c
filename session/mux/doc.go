// Package mux carries many TCP-like streams over one reliable byte stream. It is
// the data plane of a session: both ends of the link, the laptop's
// (session/tunnel) and the dev container's (session/agent), stand on it.
//
//	c := mux.New(conn, mux.Config{Opener: true})     // the laptop
//	s, err := c.Open("postgres:5432")                // no round trip
//	err = mux.Relay(ctx, s, local, mux.Counts{}, nil) // until both directions have ended
//
// The byte stream is private and authenticated already: a Kubernetes port-forward,
// which is TLS, to the pod's loopback, admitted by a token ([WriteHello],
// [ReadHello]). So a frame is eight bytes of header and its payload, and nothing is
// encrypted twice.
//
// # Frames
//
//	kind (1 byte), length of the payload (3), stream (4), payload; big endian
//
//	open    target as text               either side; data may follow at once
//	answer  status (1 byte), reason      0: connected; 1: refused, the stream is over
//	data    up to 64 KiB                 within the receiver's credit
//	fin                                  no more data from here; the other direction goes on
//	reset                                the stream is over, as by a TCP reset
//	credit  bytes (4)                    so much more may be sent
//	ping    nonce (8)                    answered by pong, at once
//	pong    nonce (8)
//
// Streams of the end that has Config.Opener have odd numbers, the other end's even
// ones; a number is used once. Frames of a stream that is over are ignored: they
// crossed its end.
//
// # Flow control
//
// Each direction of a stream begins with a credit of 256 KiB; the receiver grants
// as much again as has been taken off its hands. So the reading end of the byte
// stream never blocks, and a reader that stalls holds up its own stream only. A
// window that is used up within two round trips (of a busy way: 4 ms at least) is
// what limits the stream: it is doubled, up to 16 MiB, and the additions of all
// streams of a [Budget] are bounded together.
//
// # Few wakes
//
// Between two processes on two cores the waking of goroutines costs more than the
// bytes. Who sends data writes it below, and with it all that waits; what gathers
// behind a write goes into the next one. What arrives is written to the program's
// socket by the reader of the byte stream, as far as the kernel takes it at once;
// the rest is queued for the relay. An open, an answer and a fin ride with data, or
// go by themselves after half a millisecond.
//
// # Ends
//
// When the byte stream is lost every stream ends with [ErrLost]: whoever relays it
// resets its TCP connection, because what is cut must not look complete.
//
// # Goroutines
//
// A [Conn] has two, its reader and its writer; both end with it, and
// [Conn.Close] waits for them. [Relay] has one of its own beside the caller's,
// which ends before Relay returns. Config.Accept is called by the reader and must
// not block.
package mux
