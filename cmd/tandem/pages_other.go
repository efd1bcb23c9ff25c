//go:build !linux

package main

// returnPages is Linux's.
func returnPages() {}
