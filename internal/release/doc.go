// Command release does what `make dist` needs and a shell cannot do so that two
// runs give the same bytes: a zip archive with times that are given, and a bill
// of materials from what the Go linker and npm's lockfile say is inside.
//
//	release zip OUT DIR            every file below DIR, by name, at SOURCE_DATE_EPOCH
//	release sbom BINARY LOCKFILE   CycloneDX on stdout
package main
