//go:build !linux

package debug

import "context"

func awaitListening(ctx context.Context, port int, said <-chan struct{}) bool {
	return awaitByAsking(ctx, port, said)
}
