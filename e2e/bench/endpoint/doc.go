// Package endpoint measures `tandem serve` as an editor meets it, without a
// cluster: how soon it answers after its start, a round trip, its memory, and
// diagnostics of a long manifest after an edit. Beside it stands gopls, the
// language server that most people who know Go know, in the same run.
//
//	make bench          prints the table, among others
//	make bench ARGS=-update   the same, and into docs/benchmarks.md
//
// A cold start is one after the kernel has dropped the program's pages from its
// cache (posix_fadvise(2)), as after a boot; everything else is warm.
//
// TestBudgets, with a few runs and room for a busy machine, is a part of
// `make test`.
package endpoint
