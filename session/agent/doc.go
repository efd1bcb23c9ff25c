// Package agent is the SSH server of the dev container: the far end of every
// tunnel of a session.
//
// The dev container keeps the image and the environment of the container it
// stands in for, but runs this server in place of the original command. The
// client reaches it through a Kubernetes port-forward, so the server listens on
// the pod's loopback only, and there is no other way in than one client key,
// made for this session and mounted beside the host key:
//
//	err := agent.Run(ctx, agent.Config{
//		Listen:            agent.DefaultListen,
//		HostKeyFile:       "/run/tandem/keys/host_key",
//		AuthorizedKeyFile: "/run/tandem/keys/authorized_key",
//		ReversePorts:      []int{8080},
//	})
//
// # What it speaks
//
// SSH 2 with public-key authentication and AES-GCM, and of RFC 4254 only this;
// everything else is refused:
//
//   - direct-tcpip channels (forwards): dialled from the pod, names resolved in
//     the pod. A failed dial refuses the channel with reason 2, "connect
//     failed", and the dial's error as text.
//   - tcpip-forward and cancel-tcpip-forward (reverses), with forwarded-tcpip
//     channels towards the client. A failed bind answers the request with
//     SSH_MSG_REQUEST_FAILURE followed by the reason as UTF-8 text, for example
//     "address already in use"; see [BindReason].
//   - keepalive@openssh.com, answered with success. The server sends the same
//     request on a quiet connection, and ends one that stays silent.
//   - session channels with the subsystem [EnvironSubsystem]: the environment
//     the process was started with, every entry followed by a NUL byte, then
//     exit-status 0.
//   - session channels with the subsystem [FilesSubsystem]: files of the
//     container, and again when they have changed.
//   - the channel request [ResetRequest], in both directions, on tunnel
//     channels: what follows, end of file or close, is the reset of a TCP
//     connection and not its orderly end. A peer that does not know it, such as
//     OpenSSH, ignores it.
//
// # Several connections of one client
//
// A client may hold several SSH connections at once (control and bulk data).
// Connections are numbered as they are accepted. A reverse belongs to the
// connection that asked for it and ends with it, with one exception: a newer
// connection that asks for a port held by an older one takes it over, because a
// laptop that wakes up connects anew long before the pod can tell that the
// former connection is dead. The listening socket itself changes hands, so that
// no incoming connection is refused in between.
//
// # Readiness
//
// The agent is ready while every port of Config.ReversePorts is bound; without
// such ports it is ready as soon as it serves. [AwaitReady] is the blocking
// probe behind `tandem-agent ready`; it asks the serving process over an
// abstract Unix socket, which needs no writable file system and no particular
// user.
//
// # Goroutines
//
// Run owns them all and returns after the last one has ended.
//
//	Run ── accept loop                       until the context is done
//	  └── connection (one per SSH link)      until the link ends
//	  │     ├── watchdog                     sends keepalives
//	  │     ├── global requests              in order
//	  │     └── channel (one per stream)     until both directions ended
//	  │           └── upstream, requests
//	  ├── binding (one per reverse address)  accept loops, until released
//	  │     └── incoming stream, as a channel
//	  └── readiness socket                   accept loop, one per probe
//
// Nothing is buffered without bound: a stream holds at most one SSH window
// (2 MiB) for a reader that has stopped, and stalls nobody else; the number of
// connections, streams and probes is limited.
package agent
