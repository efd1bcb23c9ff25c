package tunnel

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// addressEvents has a token after the kernel has changed an address or an
// interface (rtnetlink(7)); what changed must be looked up. The channel is nil
// where the kernel does not tell, and closed when it stops telling. Its one
// goroutine ends with stop, which waits for it.
func addressEvents() (events <-chan struct{}, stop func()) {
	none := func() {}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, none
	}
	groups := uint32(unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		unix.Close(fd)
		return nil, none
	}
	// Through os.File the runtime's poller waits, and Close ends a Read.
	socket := os.NewFile(uintptr(fd), "rtnetlink")
	told, ended := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(told)
		message := make([]byte, 4096)
		for {
			// ENOBUFS means that there was too much to tell, which tells enough.
			_, err := socket.Read(message)
			if err != nil && !errors.Is(err, unix.ENOBUFS) {
				return
			}
			select {
			case told <- struct{}{}:
			default:
			}
		}
	}()
	return told, func() {
		socket.Close()
		<-ended
	}
}
