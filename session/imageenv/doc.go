// Package imageenv reads the ENV of a container image from its registry, for a
// machine that need not have a container runtime and a container that need not
// run.
//
//	r := imageenv.New(imageenv.Options{CacheDir: dir})
//	env, err := r.Read(ctx, imageenv.Request{Image: "shop/api:1", ID: status.ImageID, PullSecrets: secrets})
//
// # Which image
//
// A tag may have moved since the pod was started, so what counts is the digest
// that the node reports ([Request].ID, containerStatuses[].imageID), in each of
// the spellings of the container runtimes; identity.go lists them. The spec's
// own reference is only used where no pod runs. Of an image for several
// platforms the node's is taken.
//
// # Credentials
//
// Those of the workload come first (its imagePullSecrets, then its service
// account's, which the caller puts into [Request].PullSecrets in that order),
// matched to the registry as the kubelet does it; then the developer's own of
// the Docker configuration and its helpers; then none. One that the registry
// refuses is followed by the next, as on the node.
//
// # What is kept
//
// The result of a digest never changes, so it is kept on disk under its digest
// and platform, files 0600 in a folder 0700: a second call for a running image
// makes no request at all. ENV of an image is not secret, but nobody else's
// either. Registries at loopback, private addresses and in .local may be spoken
// to without TLS.
//
// The entries are returned as the image has them. What a runtime makes of them
// (entries without "=", duplicates, a PATH where there is none) is for
// envfile, which knows the other tiers.
package imageenv
