# From nothing to a Ready node.

cluster_up() {
  local node
  if node=$(node_pid); then
    wait_ready "$node"            # another `up` may have been interrupted half-way
    announce; return
  fi
  ledger_require_free
  [ ! -e "$STATE" ] || cluster_down      # what a cluster left that died with the machine
  mkdir -p "$STATE"
  ledger_enter
  # From here on a failure takes down again what was begun; the logs stay to be read.
  trap 'up_failed $?' EXIT
  configure_all
  cgroups_make
  start_node
  start_registry
  wait_ready "$(node_pid)"
  trap - EXIT
  announce
}

up_failed() {
  [ "$1" != 0 ] || return 0
  local kept=$STATE_ROOT/failed-$NAME
  rm -rf "$kept"; cp -a "$STATE/log" "$kept" 2>/dev/null || true
  cluster_down || true
  say "cluster: \`$NAME\` did not come up; its logs are in $kept"
}

# start_node: node/init in its namespaces, and the wire between it and this machine
start_node() {
  # </dev/null, setsid and closing the lock: the node must not hang on the terminal or the lock of whoever ran `up`
  ( cgroups_join
    exec setsid unshare --net --mount --pid --uts --ipc --fork --kill-child=KILL --mount-proc "$TESTBED/node/init"
  ) </dev/null > "$STATE/log/init.log" 2>&1 9<&- &
  local launcher=$! child='' candidate net i
  disown                         # else the shell reports its death on `down`
  for i in $(seq 200); do
    # the child that is in another network; the launcher may have inherited children of this shell
    for candidate in $(cat "/proc/$launcher/task/$launcher/children" 2>/dev/null); do
      net=$(readlink "/proc/$candidate/ns/net") || continue      # already gone
      [ "$net" = "$(readlink /proc/self/ns/net)" ] || child=$candidate
    done
    [ -z "$child" ] && kill -0 "$launcher" 2>/dev/null || break
    sleep 0.02
  done
  [ -n "$child" ] || { say "cluster: the node's namespaces could not be made:"; cat "$STATE/log/init.log" >&2; exit 1; }
  echo "$child" > "$STATE/node.pid"
  ip link add "$NAME" type veth peer name eth0 netns "$child"
  ip addr add "$HOST_IP/24" dev "$NAME"
  ip link set "$NAME" up
  # This machine reaches the node (API server, NodePorts) but no pod and no Service, as on a real
  # cluster. Without the route such a request would leave through the default route, to who knows where.
  ip route replace unreachable "$NET.0.0/16"
}

# start_registry: on this machine, because tests push to it from here; the node pulls through its end of the wire
start_registry() {
  ( cgroups_join
    exec setsid "$TOOL" registry -listen "$REGISTRY,$HOST_IP:$REGISTRY_PORT" -dir "$STATE/registry"
  ) </dev/null > "$STATE/log/registry.log" 2>&1 9<&- &
  local pid=$!
  disown
  until answers 127.0.0.1 "$REGISTRY_PORT"; do
    kill -0 $pid 2>/dev/null || break
    sleep 0.05
  done
  # something else may answer on the port while ours could not bind it
  sleep 0.05
  kill -0 $pid 2>/dev/null || { say "cluster: the registry ended: $(tail -n 1 "$STATE/log/registry.log")"; hint "set TESTBED_REGISTRY_PORT to a free port"; exit 1; }
}

# wait_until SECONDS WHAT COMMAND...: polls; ends the script when the node dies or time is up
wait_until() {
  local seconds=$1 what=$2 node=$3 end; shift 3
  end=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    [ -d "/proc/$node" ] || { say "cluster: the node ended while waiting for $what"; tail -n 5 "$STATE/log/init.log" >&2; exit 1; }
    [ $SECONDS -lt $end ] || { say "cluster: no $what after $seconds s"; hint "$TESTBED/cluster logs"; exit 1; }
    sleep 0.1
  done
}

wait_ready() {
  local node=$1
  wait_until 120 "API server" "$node" kube get --raw /readyz
  wait_until 60 "node object" "$node" kube get node "$NAME"
  kube wait --for=condition=Ready "node/$NAME" --timeout=120s >/dev/null || { say "cluster: the node is not Ready"; exit 1; }
  # pods of a namespace without its default ServiceAccount are refused
  wait_until 30 "default ServiceAccount" "$node" kube get serviceaccount default
  wait_until 30 "cluster DNS" "$node" answers "$NODE_IP" 53
}

# answers HOST PORT: something accepts a TCP connection there
answers() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

kube() { "$TOOL" kubectl --kubeconfig "$KUBECONFIG_FILE" "$@"; }

announce() {
  say "cluster \`$NAME\` is up after $(stopwatch) s: Kubernetes $KUBERNETES_VERSION at https://$NODE_IP:6443, registry $REGISTRY"
  echo "KUBECONFIG=$KUBECONFIG_FILE"
}
