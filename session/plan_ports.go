package session

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// PlannedPort is a port of this machine that a session needs.
type PlannedPort struct {
	Port int
	// Kind is Forward for one that Tandem listens on, Reverse for one that the
	// command is expected to. Spec is the manifest's entry.
	Kind TunnelKind
	Spec string
	Free bool
	// PID and Command are who has it; 0 and "" where that is not known. Command is
	// its short name, never its arguments.
	PID     int
	Command string
	// Message says why it is not free; "" where it is.
	Message string
}

// ports tries every fixed port. A forward's that is taken keeps the session from
// starting; a reverse's may be taken by the very program that is to answer.
func (d *draft) ports(ctx context.Context) {
	look := func(port int, kind TunnelKind, spec string) {
		if port == 0 {
			return // any that is free
		}
		p := PlannedPort{Port: port, Kind: kind, Spec: spec, Free: true}
		if err := tunnel.Available(ctx, net.JoinHostPort(d.dev.Interface, strconv.Itoa(port))); err != nil {
			p.Free, p.Message = false, err.Error()
			var f *fault.Error
			if errors.As(err, &f) {
				p.PID, _ = f.Detail["pid"].(int)
				p.Command, _ = f.Detail["command"].(string)
			}
			if kind == Forward {
				d.problem(err)
			}
		}
		d.plan.Ports = append(d.plan.Ports, p)
	}
	for _, f := range slices.Concat(d.dev.Forward, d.manifest.Forward) {
		look(f.Local, Forward, f.String())
	}
	for _, r := range d.dev.Reverse {
		look(r.Local, Reverse, r.String())
	}
}
