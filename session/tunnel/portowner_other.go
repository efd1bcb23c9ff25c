//go:build !linux

package tunnel

import "net/netip"

// findOwner would need another program's help here (lsof, netstat), which is
// slower than the failed bind it explains.
func findOwner(netip.Addr, uint16) (owner, bool) { return owner{}, false }
