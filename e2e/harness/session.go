package harness

import "github.com/tandem-dev/tandem/rpc/protocol"

// StartParams are what session/start is asked with; the manifest is the
// workspace's.
func (c *Client) StartParams(dev string) protocol.SessionStartParams {
	return protocol.SessionStartParams{
		Manifest: "file://" + c.Workspace.Manifest(), Dev: dev,
		Options: protocol.SessionStartOptions{Run: true},
	}
}

// SessionID is the id that a dev's session gets.
func (w *Workspace) SessionID(dev string) string { return w.Namespace.Name + "/" + dev }

// MustStart starts the dev with its command and returns the ready snapshot, once
// callers in the cluster meet nobody else.
func (c *Client) MustStart(dev string) protocol.Snapshot {
	c.T.Helper()
	var snap protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, c.StartParams(dev), &snap)
	if snap.State != protocol.StateReady {
		c.T.Fatalf("session/start answers with state %s", snap.State)
	}
	if snap.Traffic == protocol.TrafficBoth {
		return c.AwaitChange("the traffic to come here alone", func(s protocol.Snapshot) bool {
			return s.ID == snap.ID && s.Seq > snap.Seq && s.Traffic == protocol.TrafficLocal
		})
	}
	return snap
}

// StartOther is StartParams for a dev of another manifest.
func StartOther(w *Workspace, dev string) protocol.SessionStartParams {
	return protocol.SessionStartParams{Manifest: "file://" + w.Manifest(), Dev: dev, Options: protocol.SessionStartOptions{Run: true}}
}

// MustStop stops a session and returns its last snapshot.
func (c *Client) MustStop(id string) protocol.Snapshot {
	c.T.Helper()
	var snap protocol.Snapshot
	c.MustCall(protocol.MethodSessionStop, protocol.SessionStopParams{ID: id}, &snap)
	if snap.State != protocol.StateStopped {
		c.T.Fatalf("session/stop answers with state %s", snap.State)
	}
	return snap
}
