package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestStore needs the shop's real Redis and says so where there is none. With a
// session it has the one in the cluster:
//
//	tandem run api -- go test -run TestStore ./api
func TestStore(t *testing.T) {
	address := os.Getenv("REDIS_ADDR")
	if address == "" {
		t.Skip("REDIS_ADDR names no store")
	}
	store := redis.NewClient(&redis.Options{Addr: address, Password: os.Getenv("REDIS_PASSWORD")})
	defer store.Close()
	api := newAPI(store)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("POST", "/orders", strings.NewReader(`{"item": "go test"}`)))
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("GET", "/orders", nil))
	if !strings.Contains(w.Body.String(), `"item":"go test"`) {
		t.Errorf("orders: %s", w.Body)
	}
}
