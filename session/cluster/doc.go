// Package cluster is the room that knows Kubernetes: it finds the workload a
// developer wants to take over, puts a development container beside it, follows
// that container until it serves, dials it, and puts everything back.
//
// The life of a diversion, in the order the calls are made:
//
//	c, err := cluster.Connect(cluster.Options{Context: "dev"})     // no request
//	w, err := c.Find(ctx, cluster.Target{Name: "api"})             // the original
//	rights, err := c.Preflight(ctx, w, cluster.Needs{Secrets: names})       // may we do it all?
//	record := c.Record(w, spec)                                    // no request: journal it first
//	d, err := c.Divert(ctx, w, spec)                               // annotation, Secret, dev Deployment
//	defer d.Close()                                                // ends the watches
//	pod, err := c.AwaitRunning(ctx, d, progress)                   // the agent runs: Dial works
//	conn, err := c.Dial(ctx, pod.Namespace, pod.Name, port)        // a stream to the pod's loopback
//	pod, err = c.AwaitReady(ctx, d, progress)                      // every reverse is bound
//	err = c.ScaleDown(ctx, d)                                      // the original goes to 0
//	err = c.AwaitDrained(ctx, d, progress)                         // its pods are leaving
//	err = c.Restore(ctx, record)                                   // and back again, from any point above
//
// # What is left in the cluster
//
// The original carries one annotation, [SessionAnnotation], whose value is the
// [Record]: enough to undo everything from another machine. Beside it stand one
// Deployment and one Secret, named after the original, labelled [DevLabel] and
// owned by the original, so that deleting the original deletes them.
//
// # A forecast
//
// The doctor_*.go files look at what Divert would meet, and change nothing: each
// Check… method answers with a [Check] instead of an error. plan.go says what Divert
// would do; scalers.go, budgets.go and keepers.go, who else acts on a workload.
//
// # Credentials
//
// A Cluster follows its kubeconfig: see [Cluster.Renew]. Context, namespace and API
// server stay those of [Connect].
//
// # Requests
//
// Nothing polls. A diversion holds two watches (the pods that the original's
// selector matches, and the dev Deployment by name); every Await call reads
// what they bring. [Cluster.Requests] counts what was asked.
//
// # Goroutines
//
// Divert and Adopt start two goroutines, one per watch; both end at
// [Diversion.Close]. Dial starts three (frames in, data in, error stream); they
// end when the connection is closed, and Close waits for them.
package cluster
