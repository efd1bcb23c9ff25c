# Two cgroups per cluster: NAME is the kubelet's root (pods), NAME-system holds the node's daemons and
# the registry. They are also how a cluster's processes are told from all others: a pid file may go
# stale and its number be reused, membership of a cgroup cannot.

# cgroup_hierarchies: the mounted hierarchies, one per line: one on cgroup v2, a dozen on v1
cgroup_hierarchies() {
  local d
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo /sys/fs/cgroup; return; fi
  for d in /sys/fs/cgroup/*/; do
    [ -L "${d%/}" ] || ! mountpoint -q "$d" || echo "${d%/}"   # cpu,cpuacct has symbolic links beside it
  done
}

cgroups_make() {
  local h s f
  [ ! -e /sys/fs/cgroup/cgroup.controllers ] || hand_on_controllers
  while read -r h; do
    for s in "$NAME" "$NAME-system"; do
      mkdir -p "$h/$s"
      # v1: a new cpuset is empty, and nothing can run in it
      for f in cpuset.cpus cpuset.mems; do
        [ ! -e "$h/$s/$f" ] || [ -e "$h/cgroup.controllers" ] || cat "$h/$f" > "$h/$s/$f"
      done
    done
  done < <(cgroup_hierarchies)
}

# hand_on_controllers: on v2 a cgroup has only the controllers that its parent hands on. What the root did
# not hand on before is noted, and taken back by the last cluster to go (ledger.sh).
hand_on_controllers() {
  local root=/sys/fs/cgroup c had
  had=" $(cat $root/cgroup.subtree_control) "
  for c in $(cat $root/cgroup.controllers); do
    [[ $had == *" $c "* ]] || ! echo "+$c" > $root/cgroup.subtree_control 2>/dev/null || echo "$c" >> "$CLUSTERS/controllers"
  done
}

# cgroups_join: puts this process (and so its children) among the node's daemons
cgroups_join() {
  local h
  while read -r h; do echo "$BASHPID" > "$h/$NAME-system/cgroup.procs"; done < <(cgroup_hierarchies)
}

# cgroup_pids: every process of this cluster
cgroup_pids() {
  local h
  while read -r h; do
    for s in "$NAME" "$NAME-system"; do
      [ ! -d "$h/$s" ] || find "$h/$s" -name cgroup.procs -exec cat {} + 2>/dev/null
    done
  done < <(cgroup_hierarchies) | sort -un
}

# cgroups_remove: kills what is left in them and removes them; fails when something clings on
cgroups_remove() {
  local h s p i
  for i in $(seq 200); do
    local left=0
    for p in $(cgroup_pids); do kill -KILL "$p" 2>/dev/null || true; left=1; done
    [ $left = 1 ] || break
    sleep 0.05
  done
  while read -r h; do
    for s in "$NAME" "$NAME-system"; do
      for i in $(seq 100); do
        [ -d "$h/$s" ] || break
        find "$h/$s" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
      done
      [ ! -d "$h/$s" ] || { say "cluster: cgroup $h/$s could not be removed"; return 1; }
    done
  done < <(cgroup_hierarchies)
}

# node_pid: the node's first process as this machine sees it; fails when the cluster is not up
node_pid() {
  local p
  p=$(cat "$STATE/node.pid" 2>/dev/null) && [ -n "$p" ] &&
    grep -qs "/$NAME-system\$" "/proc/$p/cgroup" && echo "$p"
}
