// Package tunnel is the laptop's side of the SSH link to a dev container, and
// what rides on it: forwards, reverses and the agent's environment.
//
//	keys, err := tunnel.NewKeys()                  // into the Secret, before the pod starts
//	link, err := tunnel.Connect(ctx, tunnel.Config{Dial: dialPod, Keys: keys})
//	env, err := link.Environ(ctx)                  // what the original container would have
//
//	set := tunnel.NewTunnels(tunnel.Options{OnChange: changed})
//	err = set.Rebind(ctx, link)                    // and again with the next link, after a loss
//	f, err := set.OpenForward(ctx, tunnel.ForwardSpec{Listen: "localhost:5432", Remote: "postgres:5432"})
//	r, err := set.OpenReverse(ctx, tunnel.ReverseSpec{Remote: "0.0.0.0:8080", Local: "localhost:8080"})
//
// # Link
//
// A [Link] is an SSH connection for control over a stream that [Config.Dial] opens:
// keepalives, the environment, binding. What the tunnels carry goes over the data
// plane: [Direct], streams of session/mux over four streams of [Config.DialPort] that
// the agent admits by a token, or where that cannot be had [SSH], one SSH connection
// more. The SSH connections pin the agent's host key and prove the laptop with a key made for the
// session. Each is probed: at intervals, and at once when the machine wakes up or
// gets other addresses ([WatchSurroundings]), which cuts connections without a
// word. When one is silent for too long ([Keepalive]) or ends,
// the link is lost for good, [Link.Done] is closed and whoever owns the session
// connects anew.
//
// # Tunnels
//
// [Tunnels] outlive their link. While there is none a forward's listeners stay
// bound and new connections wait ([Options.Hold]); connections that were under
// way are reset, because half a stream must not look like a whole one.
// [Link.OpenForward] and [Link.OpenReverse] open tunnels that end with the link,
// for callers without reconnection.
//
// What a TCP connection does crosses the link: an end of file in one direction
// leaves the other open, a reset stays a reset (file pipe.go has the table), and
// a reader that stops holds up its own connection only: over SSH each may have 2 MiB
// on the way, which is the library's fixed window; session/mux has windows that grow.
//
// # Writing never blocks reading
//
// The SSH library answers a channel's close from its read loop. If both peers'
// read loops wait for room to write while both directions are full, neither
// reads on and the link hangs. Here every write goes to an outbox (outbox.go)
// that takes it at once, so this side always reads on; the bulk copy loops wait
// for room in the outbox before each packet, which keeps it small. Many packets
// leave in one write below, which also saves system calls and frames.
//
// # Goroutines
//
//	goroutine                    owner           ends
//	outbox.carry, per connection sshConn         connection closed or write failed
//	SSH library's own (3 each)   ssh.Conn        connection closed
//	serveRequests, serveChannels Link            connection ended; serveChannels then ends the link
//	Keepalive.watch + prober     Link            link ended
//	opening a channel, requests  Link            answered, or link ended
//	reading Environ (2)          Link            agent's exit, ctx or link ended
//	notifier.run                 Tunnels         Tunnels.Close
//	watcher of the bound link    Tunnels         link ended or Tunnels.Close
//	surroundings.look (+1 Linux) all Links       the last one's Close
//	accept, per listener         Tunnel          Tunnel.Close
//	mux.Conn (2 each), its owner Link            link ended
//	connection (2)               Tunnel          both directions ended, link ended or Tunnel.Close
//
// [Link.Close] waits for all of the Link's, and for those of the tunnels opened
// through it; [Tunnels.Close] and [Tunnel.Close] wait for theirs.
//
// # Bounds
//
// A connection has two goroutines and, until each ends, a pooled buffer of 32 KiB
// up and one of 64 KiB down. An outbox holds 256 KiB, plus one packet
// per bulk writer and small protocol messages. At most 256 connections of a set
// wait for a link. OnChange calls are coalesced and made from one goroutine.
package tunnel
