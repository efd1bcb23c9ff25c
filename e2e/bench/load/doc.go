// Package load is both ends of a measurement over HTTP: [Handler] answers, [Measure]
// asks. The benchmark runs either end on either side of a tunnel: for a forward it
// asks from this machine, for a reverse a pod asks and sends its figures back.
// [Probe] asks all the time, as a caller in the cluster does, and tells for how
// long it got no answer.
package load
