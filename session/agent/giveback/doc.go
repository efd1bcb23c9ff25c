// Package giveback is the guard in the cluster: it gives a session's workload
// back when the developer's machine has been gone for too long.
//
// It runs inside the agent, which tells it of every link:
//
//	g := giveback.New(giveback.Config{Dir: "/.tandem/guard", TTL: 15 * time.Minute})
//	go g.Run(ctx)
//	leave, ok := g.Admit(ctx) // a link is there; leave() when it is not any more
//
// While a link stands nothing happens. Once there has been none for the TTL, by
// the monotonic clock, the guard undoes the session in the order in which the
// machine itself would: the original gets its replicas back and has a ready pod,
// then the session's Secret, the mark on the original and at last the dev
// Deployment go. The rest of the session's objects, the guard's own ServiceAccount,
// Role, RoleBinding and Secret, belong to the dev Deployment, and the cluster's
// garbage collector takes them with it: nobody can delete the permission that he
// deletes by.
//
// # Who decides
//
// The mark on the original (the annotation [Mark]) is the one arbiter. Before
// anything else the guard writes into it that the session is ending, under the
// resource version that it has read: of several who give back at the same moment
// one writes first, and the others see that and help. While the outcome of that
// request is open no link is admitted; once it is written, none is any more, and
// the machine that comes back finds the mark, or no mark, and ends its session. A
// link that was admitted keeps the guard from deciding.
//
// A pod that follows another starts to count anew, unless the mark says that its
// predecessor had begun.
//
// # What it needs
//
// A folder with the files token, ca.crt and plan (see [Plan]), and the
// environment variables KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. It
// speaks to the API server by plain HTTP requests: client-go would multiply the
// size of the agent. [Guard.Standing] says whether the guard has proven, by reading
// the original, that it would be able to act.
//
// # Goroutines
//
// [Guard.Run] owns one more, which proves the permission; both end with its
// context.
package giveback
