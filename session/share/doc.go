// Package share lets sessions of several processes have one local port together:
// one of them serves it, the others stand by, and the next takes over when that
// one goes, however it goes.
//
//	m, err := share.Join(ctx, share.Config{
//		Path: path, Self: share.Owner{PID: os.Getpid(), Name: "shop/api"},
//		Listen: listen,          // binds the port, where nobody has it
//		Lead:   serve,           // gets the listeners to serve
//		Resign: stopListening,   // closes them
//		Follow: showOwner,       // somebody else serves
//	})
//	defer m.Close()
//
// # Who serves
//
// Whoever listens on the Unix socket at Config.Path serves. The others are connected
// to it, which costs nothing while nothing happens: the kernel ends their
// connections when the one who serves ends or is killed. Then they elect: under a
// file lock, held for some system calls and no longer, each connects to the socket,
// and the first who finds that nobody answers takes its place. No process asks
// twice, and nobody trusts a process id.
//
// # Connections in between
//
// On Unix the one who serves gives each standby a copy of its listening sockets.
// They stay bound while anybody has one: a connection that comes when nobody
// serves waits in the kernel's queue for the next one. Connections that were under way end with
// the process that carried them. On Windows a socket cannot be given like that; the
// next one binds the port anew, and a connection in between is refused.
//
// # Goroutines
//
//	goroutine                    owner    ends
//	run: standing by, electing   Member   leading, failed for good, or Close
//	accept, one per standby      Member   Resign or Close, which waits for all
package share
