// SPDX-License-Identifier: Apache-2.0

// A hello server with net/http: the Go runtime's threads, timers and netpoller in one program.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"runtime"
)

func hello(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprint(w, "Hello from Soliton\n")
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	http.HandleFunc("/", hello)
	fmt.Printf("listening on port %s with %d CPUs\n", port, runtime.NumCPU())
	log.Fatal(http.ListenAndServe(":"+port, nil))
}
