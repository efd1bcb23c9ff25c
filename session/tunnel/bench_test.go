package tunnel

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"testing"
)

// The benchmarks compare the ways to one server on the loopback: barely,
// and through a forward and a reverse of each data plane. The agent runs in the same process,
// so both ends of the link share the processor.
func ways(b *testing.B, handle func(*net.TCPConn), run func(b *testing.B, address string)) {
	target := serveTCP(b, handle)
	b.Run("bare", func(b *testing.B) { run(b, target) })
	for _, plane := range []DataPlane{Direct, SSH} {
		for _, r := range bothWays {
			r.plane = plane
			b.Run(string(plane)+"/"+r.name, func(b *testing.B) {
				_, address := r.open(b, r.link(b), target)
				run(b, address)
			})
		}
	}
}

// answerLines sends a small reply for every line, as a keep-alive server would.
func answerLines(c *net.TCPConn) {
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		io.WriteString(c, "ok\n")
	}
}

func BenchmarkNewConnection(b *testing.B) {
	ways(b, answerLines, func(b *testing.B, address string) {
		reply := make([]byte, 3)
		for b.Loop() {
			c, err := net.Dial("tcp", address)
			if err != nil {
				b.Fatal(err)
			}
			io.WriteString(c, "GET\n")
			if _, err := io.ReadFull(c, reply); err != nil {
				b.Fatal(err)
			}
			c.Close()
		}
	})
}

func BenchmarkKeepAlive(b *testing.B) {
	ways(b, answerLines, func(b *testing.B, address string) {
		c := dialTCP(b, address)
		reply := make([]byte, 3)
		for b.Loop() {
			io.WriteString(c, "GET\n")
			if _, err := io.ReadFull(c, reply); err != nil {
				b.Fatal(err)
			}
		}
	})
}

const bulk = 64 << 20

func BenchmarkDownload(b *testing.B) {
	data := make([]byte, 1<<20)
	ways(b, func(c *net.TCPConn) {
		for range bulk / len(data) {
			if _, err := c.Write(data); err != nil {
				return
			}
		}
	}, func(b *testing.B, address string) {
		b.SetBytes(bulk)
		buf := make([]byte, 256<<10)
		for b.Loop() {
			c := dialTCP(b, address)
			if n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, c, buf); n != bulk {
				b.Fatal(n, err)
			}
			c.Close()
		}
	})
}

func BenchmarkUpload(b *testing.B) {
	data := make([]byte, 1<<20)
	ways(b, func(c *net.TCPConn) {
		n, _ := io.Copy(io.Discard, c)
		fmt.Fprintln(c, n)
	}, func(b *testing.B, address string) {
		b.SetBytes(bulk)
		for b.Loop() {
			c := dialTCP(b, address)
			for range bulk / len(data) {
				if _, err := c.Write(data); err != nil {
					b.Fatal(err)
				}
			}
			c.CloseWrite()
			if got, err := io.ReadAll(c); string(got) != fmt.Sprintln(bulk) {
				b.Fatal(string(got), err)
			}
			c.Close()
		}
	})
}
