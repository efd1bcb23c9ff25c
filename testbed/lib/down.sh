# From anything to nothing: works on a running cluster, on one half made, and on the leftovers of one
# that died. Safe to repeat.

cluster_down() {
  local node
  ledger_adopt
  # The node's first process takes the rest of the node along; the kernel then drops its namespaces.
  if node=$(node_pid); then kill -KILL "$node" 2>/dev/null || true; fi
  cgroups_remove                 # also ends the registry and whatever else was started in them
  ! ip link show "$NAME" >/dev/null 2>&1 || ip link del "$NAME"
  # the route has no name on it: leave it when another cluster has the network
  if [ -z "$(ledger_conflict)" ] && [ -n "$(ip route show type unreachable "$NET.0.0/16")" ]; then
    ip route del unreachable "$NET.0.0/16"
  fi
  rm -rf "$STATE"
  ledger_leave
}

# footprint: whatever of this cluster is on the machine, one line each; nothing when it is down and gone
footprint() {
  local h s p members
  while read -r h; do
    for s in "$NAME" "$NAME-system"; do [ ! -d "$h/$s" ] || echo "cgroup $h/$s"; done
  done < <(cgroup_hierarchies)
  members=" $(cgroup_pids | tr '\n' ' ') "
  # a process that left the cgroups may still see the node's mounts, or was given our state
  for p in /proc/[0-9]*; do
    if [[ $members == *" ${p#/proc/} "* ]] ||
       [ "$(cat "$p/root$NODE_DIR/cluster" 2>/dev/null)" = "$NAME" ] ||
       { [[ "$(readlink "$p/exe" 2>/dev/null)" == "$BUILD"/bin/* ]] && grep -qsF "$STATE/" "$p/cmdline"; }; then
      echo "process ${p#/proc/} $(tr '\0' ' ' 2>/dev/null < "$p/cmdline" | cut -c1-80)"
    fi
  done
  ! ip link show "$NAME" >/dev/null 2>&1 || echo "interface $NAME"
  ip route show table all 2>/dev/null | grep -F " $NET." | sed 's/^/route /' || true
  [ ! -e "$CLUSTERS/$NAME.cluster" ] || echo "ledger $CLUSTERS/$NAME.cluster"
  [ ! -e "$STATE" ] || echo "state $STATE"
  ! answers 127.0.0.1 "$REGISTRY_PORT" || echo "port $REGISTRY is answered"
}
