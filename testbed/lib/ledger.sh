# The machine's own settings that a cluster changes, and who is using them.
#
# The kubelet writes kernel settings of the whole machine. The first cluster to come up notes what they
# were, the last one to go puts them back. Kept below /run because a reboot forgets both.

# The kubelet's setupKernelTunables (pkg/kubelet/cm/container_manager_linux.go) writes these.
KERNEL_SETTINGS="vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes"

# ledger_conflict: prints the first cluster that is up and shares with this one what may not be shared
ledger_conflict() {
  local other
  for other in "$CLUSTERS"/*.cluster; do
    [ -e "$other" ] || continue
    ( . "$other"
      [ "$LEDGER_STATE" != "$STATE" ] || exit 0
      [ "$LEDGER_NAME" != "$NAME" ] && [ "$LEDGER_NET" != "$NET" ] && [ "$LEDGER_PORT" != "$REGISTRY_PORT" ] ||
        echo "name $LEDGER_NAME, network $LEDGER_NET, registry port $LEDGER_PORT, state $LEDGER_STATE" )
  done | head -n 1
}

# ledger_require_free: ends the script when this cluster would collide with another clone's
ledger_require_free() {
  local other
  other=$(ledger_conflict)
  [ -z "$other" ] || {
    say "cluster: another one is up: $other"
    hint "take that one down, or set TESTBED_NAME, TESTBED_NET and TESTBED_REGISTRY_PORT to others"; exit 1; }
}

# ledger_enter: records this cluster and, if it is the first, the kernel's settings
ledger_enter() {
  local k
  mkdir -p "$CLUSTERS"
  if [ ! -e "$CLUSTERS/kernel" ]; then
    for k in $KERNEL_SETTINGS; do
      [ ! -r "/proc/sys/$k" ] || echo "$k $(cat "/proc/sys/$k")"
    done > "$CLUSTERS/kernel"
  fi
  { printf 'LEDGER_NAME=%q\nLEDGER_NET=%q\nLEDGER_PORT=%q\nLEDGER_STATE=%q\n' "$NAME" "$NET" "$REGISTRY_PORT" "$STATE"; } > "$CLUSTERS/$NAME.cluster"
}

# ledger_adopt: takes the network and port that the cluster was brought up with, should the environment
# say something else by now; refuses the cluster of another clone, unless that clone is gone
ledger_adopt() {
  [ -e "$CLUSTERS/$NAME.cluster" ] || return 0
  . "$CLUSTERS/$NAME.cluster"
  [ "$LEDGER_STATE" = "$STATE" ] || [ ! -e "$LEDGER_STATE" ] || {
    say "cluster: \`$NAME\` was brought up from elsewhere, with its state in $LEDGER_STATE"
    hint "use the \`cluster\` of that clone"; exit 1; }
  STATE=$LEDGER_STATE NET=$LEDGER_NET REGISTRY_PORT=$LEDGER_PORT
}

# ledger_leave: forgets this cluster; the last one out restores the kernel's settings
ledger_leave() {
  local k v
  rm -f "$CLUSTERS/$NAME.cluster"
  [ -d "$CLUSTERS" ] || return 0
  ! compgen -G "$CLUSTERS/*.cluster" >/dev/null || return 0
  if [ -e "$CLUSTERS/kernel" ]; then
    while read -r k v; do [ "$(cat "/proc/sys/$k")" = "$v" ] || echo "$v" > "/proc/sys/$k"; done < "$CLUSTERS/kernel"
  fi
  if [ -e "$CLUSTERS/controllers" ]; then
    # refused while somebody else's cgroup has come to use one: then it is theirs now
    while read -r v; do echo "-$v" > /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true; done < "$CLUSTERS/controllers"
  fi
  rm -rf "$CLUSTERS"
}
