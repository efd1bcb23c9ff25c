// Package house holds no code, only tests about the repository as a whole: which
// room may know which (docs/ARCHITECTURE.md), that every package says what it is
// for, that files stay small, and that the documentation's links and tables are
// true.
//
//	go test ./internal/house             # check
//	go test ./internal/house -update     # write the table of fields in docs/manifest.md
package house
