package protocol

// TunnelOpenParams open a tunnel in a running session (tunnel/open). The answer is
// the [Tunnel]. It lives as those of the manifest do: through a lost link, a new
// pod and a server that continues the session after a crash, until the session ends
// or tunnel/close.
//
// A forward is open at once, also while the session reconnects. A reverse waits for
// the link; the cluster's Services do not wait for it, nor does the dev pod.
type TunnelOpenParams struct {
	ID string `json:"id"`
	// Kind is "forward" or "reverse".
	Kind string `json:"kind"`
	// Spec is written as in the manifest: "local:remote" or "local:service:remote"
	// for a forward, local port 0 for any; "remote:local" for a reverse.
	Spec string `json:"spec"`
}

// TunnelCloseParams close a tunnel (tunnel/close): one that tunnel/open opened, or a
// forward of the manifest, for the rest of the session. Connections that it carries
// are reset. The answer is the [Snapshot].
type TunnelCloseParams struct {
	ID string `json:"id"`
	// Tunnel is its id.
	Tunnel string `json:"tunnel"`
}

// TunnelOwner is the session that serves a forward of the manifest for several.
type TunnelOwner struct {
	// PID is its process.
	PID int `json:"pid"`
	// Session is its id.
	Session string `json:"session"`
}
