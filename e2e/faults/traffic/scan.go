package traffic

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Scan is what a party sees of another machine's TCP ports.
type Scan struct {
	// Open took a connection. Refused is how many refused it; Silent are those that
	// did neither in time, of which nothing is known.
	Open    []int `json:"open"`
	Refused int   `json:"refused"`
	Silent  []int `json:"silent"`
}

const (
	scanners     = 64
	scanPatience = 3 * time.Second
)

// scan tries every port of a host.
func scan(ctx context.Context, host string) Scan {
	var s Scan
	var mu sync.Mutex
	ports := make(chan int)
	var all sync.WaitGroup
	for range scanners {
		all.Go(func() { // ends when the ports are through
			d := net.Dialer{Timeout: scanPatience}
			for port := range ports {
				conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
				mu.Lock()
				switch {
				case err == nil:
					conn.Close()
					s.Open = append(s.Open, port)
				case errors.Is(err, syscall.ECONNREFUSED):
					s.Refused++
				default:
					s.Silent = append(s.Silent, port)
				}
				mu.Unlock()
			}
		})
	}
	for port := 1; port <= 65535; port++ {
		ports <- port
	}
	close(ports)
	all.Wait()
	slices.Sort(s.Open)
	slices.Sort(s.Silent)
	return s
}
