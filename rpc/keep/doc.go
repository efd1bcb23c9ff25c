// Package keep lets sessions outlive the connection of the editor that started
// them. An editor's window that is reloaded ends its language server and starts
// another one; a session must not notice.
//
//	editor ══ stdio ══ tandem serve --keep 60s ══ socket ══ tandem serve --backend ─ sessions
//	                    Connect: a pipe                      Backend
//
// What the editor starts is only a pipe. The sessions live in a second process,
// the backend, which is in no way the first one's child: it has its own session
// of the operating system, and outlives the editor. The first pipe starts it;
// whoever comes later with the same name finds it.
//
// In the backend each connection has an [rpc.Server] of its own. Connections
// whose settings are equal share one engine, which is what [rpc.Factory] makes.
// A connection that ends, orderly or not, ends no session: its lease on the
// engine ends. When an engine has had no lease for the time of Linger, its
// sessions are ended and the cluster is given back; one that has no session is
// closed at once. A backend without engines and connections ends.
//
// # Finding each other
//
// A backend's socket is a Unix socket in a folder that only the user can enter,
// under a name made of what the connections must agree on ([Name]). A lock
// beside it is held by a pipe from its first try to connect until the backend
// has greeted it, and by a backend that is about to end, so that nobody
// connects to a backend that ends, and no two are started.
//
// # Goroutines
//
//   - [Backend.Serve] accepts; each connection has one goroutine, which is in
//     rpc.Server.Serve until the connection ends. Serve waits for all of them.
//   - An engine that lingers has a timer; its end closes the engine in a
//     goroutine that Serve waits for.
//   - [Connect] copies each way in a goroutine. The one that reads the input
//     may stay behind in a read that the system cannot interrupt; it ends with
//     the process, which has nothing else to do.
package keep
