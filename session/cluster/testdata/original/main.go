// Command original is what the integration tests divert: a small server that says
// who answered.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	host, _ := os.Hostname()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, host) })
	log.Fatal(http.ListenAndServe(":8080", nil))
}
