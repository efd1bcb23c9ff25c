// Package image builds and pushes the agent image: for every platform one layer
// with one file, /tandem-agent, and nothing else, no shell and no libc. The
// init container of a diverted workload runs it to copy the agent into a
// volume.
//
// The binaries are embedded. `make agent` puts them into bin/ before the
// program that embeds them is built; a fresh clone compiles without them, and
// then [Build] fails with fault.AgentMissing.
//
// The image is reproducible: the same binaries and version give the same
// digest, on every machine, so that a tag can be derived from [Digest] and a
// second push uploads nothing.
package image
