package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// listening starts `serve --listen` and reads its first line.
func listening(t *testing.T) (address, token string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		f := serveFlags{listen: "127.0.0.1:0"}
		ended <- f.serveListener(ctx, &globals{stateDir: t.TempDir(), logLevel: levelOff}, w)
		w.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serveListener: %v", err)
		}
	})
	var hello struct{ Address, Token string }
	if err := json.NewDecoder(r).Decode(&hello); err != nil {
		t.Fatal(err)
	}
	return hello.Address, hello.Token
}

// ask sends one request on a connection of its own and returns the answer, and
// whether the server then ended the connection.
func ask(t *testing.T, address, body string) (answer string, over bool) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	var n int
	if _, err := fmt.Fscanf(r, "Content-Length: %d\r\n\r\n", &n); err != nil {
		t.Fatalf("no frame: %v", err)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), `"error"`) {
		_, err = io.ReadAll(r)
		return string(text), err == nil || errors.Is(err, net.ErrClosed)
	}
	return string(text), false
}

func TestListenWantsTheToken(t *testing.T) {
	address, token := listening(t)
	initialize := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{},"initializationOptions":{%s}}}`
	for _, wrong := range []string{``, `"token":""`, `"token":"` + token[1:] + `"`, `"token":"` + token + `x"`} {
		answer, over := ask(t, address, fmt.Sprintf(initialize, wrong))
		if !strings.Contains(answer, `"code":-32602`) || strings.Contains(answer, token) || !over {
			t.Errorf("with %s: %s, over: %t", wrong, answer, over)
		}
	}
	for range 3 { // one client after the other
		if answer, _ := ask(t, address, fmt.Sprintf(initialize, `"token":"`+token+`"`)); !strings.Contains(answer, `"protocolVersion":1`) {
			t.Errorf("with the token: %s", answer)
		}
	}
}

func TestListenIsForThisMachineOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.168.1.2:0", "example.com:0", "127.0.0.1", "7000"} {
		f := serveFlags{listen: address}
		err := f.serveListener(t.Context(), &globals{}, io.Discard)
		var usage usageError
		if !errors.As(err, &usage) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
