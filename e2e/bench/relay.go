package bench

import (
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

// delayed makes a kubeconfig like another one, whose API server is reached through
// a relay that adds to every round trip. The kernel's own means for that, netem, is
// not on every machine.
func delayed(t *testing.T, kubeconfig string, rtt time.Duration) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	cluster := config.Clusters[config.Contexts[config.CurrentContext].Cluster]
	server, err := url.Parse(cluster.Server)
	if err != nil {
		t.Fatal(err)
	}
	// The certificate is for the server's own name.
	if cluster.TLSServerName == "" {
		cluster.TLSServerName = server.Hostname()
	}
	cluster.Server = "https://" + relay(t, server.Host, rtt/2)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// relay listens on the loopback and passes everything on to the target, each byte
// after the delay. It ends with the test.
func relay(t *testing.T, target string, delay time.Duration) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer near.Close()
				far, err := net.Dial("tcp", target)
				if err != nil {
					return
				}
				defer far.Close()
				stop := make(chan struct{})
				defer close(stop)
				all.Go(func() { // ends with the connection, or with the test
					select {
					case <-stop:
					case <-t.Context().Done():
						near.Close()
						far.Close()
					}
				})
				var both sync.WaitGroup
				both.Go(func() { late(far.(*net.TCPConn), near.(*net.TCPConn), delay) })
				both.Go(func() { late(near.(*net.TCPConn), far.(*net.TCPConn), delay) })
				both.Wait()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

// piece is what was read at once, and when it is due.
type piece struct {
	buffer *[pieceSize]byte
	n      int
	due    time.Time
}

const pieceSize = 64 << 10

// late copies with a delay, up to a bound of what is on the way: 64 MiB, which is
// 800 MB/s at the longest delay that is measured. Its end ends the other direction,
// too: TLS has an end of its own.
func late(to, from *net.TCPConn, delay time.Duration) {
	way := make(chan piece, (64<<20)/pieceSize)
	pool := sync.Pool{New: func() any { return new([pieceSize]byte) }}
	var writing sync.WaitGroup
	writing.Go(func() { // ends when way is closed
		failed := false
		for p := range way {
			if !failed {
				time.Sleep(time.Until(p.due)) // the delay is the point
				_, err := to.Write(p.buffer[:p.n])
				failed = err != nil
			}
			pool.Put(p.buffer)
		}
		to.Close()
		from.Close()
	})
	for {
		b := pool.Get().(*[pieceSize]byte)
		n, err := from.Read(b[:])
		if n > 0 {
			way <- piece{b, n, time.Now().Add(delay)}
		}
		if err != nil {
			if err != io.EOF {
				to.Close()
			}
			break
		}
	}
	close(way)
	writing.Wait()
}
