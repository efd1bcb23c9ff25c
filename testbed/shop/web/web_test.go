package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestWebPassesOnToTheAPI(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("api got " + r.Method + " " + r.URL.Path))
	}))
	target, err := url.Parse(api.URL)
	if err != nil {
		t.Fatal(err)
	}
	web := newWeb(target, "<here>")
	ask := func(path string) (int, string) {
		w := httptest.NewRecorder()
		web.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, w.Body.String()
	}
	for path, want := range map[string]string{
		"/orders": "api got GET /orders", "/whoami": "api got GET /whoami", "/": "from: &lt;here&gt;",
	} {
		if status, body := ask(path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s, want %q", path, status, body, want)
		}
	}
	api.Close()
	if status, body := ask("/orders"); status != http.StatusBadGateway || !strings.Contains(body, "does not answer") {
		t.Errorf("without an api: %d %s", status, body)
	}
	if status, _ := ask("/healthz"); status != http.StatusNoContent {
		t.Errorf("the front's own health must not depend on the api: %d", status)
	}
}
