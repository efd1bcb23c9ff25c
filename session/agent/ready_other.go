//go:build !linux

package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Abstract Unix sockets are Linux's, and so are the pods that agents serve in.
var errReadySocket = fmt.Errorf("abstract Unix sockets: %w", errors.ErrUnsupported)

func listenReady(context.Context, string) (net.Listener, error) { return nil, errReadySocket }

func dialReady(context.Context, string) (net.Conn, error) { return nil, errReadySocket }
