package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Order is one order as clients see it.
type Order struct {
	ID       int64  `json:"id"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
	Currency string `json:"currency,omitempty"`
	TakenBy  string `json:"takenBy"` // SHOP_WHERE of the process that took it
}

// Identity tells which process answered: the copy in the cluster or the
// developer's own.
type Identity struct {
	Hostname string `json:"hostname"`
	ServedBy string `json:"servedBy"`
	PID      int    `json:"pid"`
}

const (
	keyOrders  = "shop:orders"   // list of JSON orders, newest first
	keyCounter = "shop:order-id" // last ID given
	pageSize   = 100             // orders that GET /orders returns
	bodyLimit  = 64 << 10        // bytes of a request that are read
)

type api struct {
	store *redis.Client
	where string
}

// newAPI is the service's HTTP interface:
//
//	GET  /orders   the newest orders
//	POST /orders   {"item": "...", "quantity": 1}; returns the order with its ID
//	GET  /whoami   Identity
//	GET  /healthz  204 while Redis answers, else 503
func newAPI(store *redis.Client) http.Handler {
	a := &api{store: store, where: setting("SHOP_WHERE", "cluster")}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", a.list)
	mux.HandleFunc("POST /orders", a.create)
	mux.HandleFunc("GET /whoami", a.whoami)
	mux.HandleFunc("GET /healthz", a.health)
	return mux
}

func (a *api) list(w http.ResponseWriter, r *http.Request) {
	raw, err := a.store.LRange(r.Context(), keyOrders, 0, pageSize-1).Result()
	if err != nil {
		fail(w, http.StatusBadGateway, "redis: "+err.Error())
		return
	}
	orders := make([]json.RawMessage, len(raw))
	for i, o := range raw {
		orders[i] = json.RawMessage(o)
	}
	reply(w, http.StatusOK, orders)
}

func (a *api) create(w http.ResponseWriter, r *http.Request) {
	var o Order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyLimit)).Decode(&o); err != nil {
		fail(w, http.StatusBadRequest, "not an order: "+err.Error())
		return
	}
	if o.Item = strings.TrimSpace(o.Item); o.Item == "" {
		fail(w, http.StatusBadRequest, "an order needs an item")
		return
	}
	o.Quantity = max(o.Quantity, 1)
	o.Currency, o.TakenBy = os.Getenv("SHOP_CURRENCY"), a.where
	id, err := a.store.Incr(r.Context(), keyCounter).Result()
	if err != nil {
		fail(w, http.StatusBadGateway, "redis: "+err.Error())
		return
	}
	o.ID = id
	content, err := json.Marshal(o)
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	if err := a.store.LPush(r.Context(), keyOrders, content).Err(); err != nil {
		fail(w, http.StatusBadGateway, "redis: "+err.Error())
		return
	}
	reply(w, http.StatusCreated, o)
}

func (a *api) whoami(w http.ResponseWriter, _ *http.Request) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	reply(w, http.StatusOK, Identity{Hostname: host, ServedBy: a.where, PID: os.Getpid()})
}

func (a *api) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := a.store.Ping(ctx).Err(); err != nil {
		fail(w, http.StatusServiceUnavailable, "redis: "+err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone: nobody is left to tell
}

func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]string{"error": message})
}
