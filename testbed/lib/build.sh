# Binaries and Debian packages, shared by all clusters of this clone. Nothing is downloaded but Go
# modules and packages of the machine's own Debian mirror.

build_all() {
  mkdir -p "$BUILD/bin"
  build_packages
  build_kubernetes
  build_go dns coredns .
  build_go . pause ./pause
  ln -sf tandem-testbed "$BUILD/bin/kubectl"
  # the kubelet's sandbox image: imported into the node, never pulled
  "$TOOL" image -file "/pause=$BUILD/bin/pause" -entrypoint /pause -user 65535 \
    -tag docker.io/tandem-testbed/pause:1 -tar "$BUILD/pause.tar"
}

# build_go MODULE BINARY PACKAGE [LDFLAGS]: Go's own cache decides what is stale. Moved into place, since a
# cluster or a kubectl may be running the old one.
build_go() {
  (cd "$TESTBED/$1" && CGO_ENABLED=0 nice go build -trimpath -ldflags "-s -w${4:+ $4}" -o "$BUILD/bin/.$2" "$3") &&
    mv "$BUILD/bin/.$2" "$BUILD/bin/$2" || die "$2 did not build"
}

# All of Kubernetes in one program: ten CPU minutes the first time, seconds after that. The version is
# stamped as upstream's own build does it, because the API server and kubectl show and compare it.
build_kubernetes() {
  local v=${KUBERNETES_VERSION#v} flags='' p
  local major=${v%%.*} rest=${v#*.}
  for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $p.gitVersion=v$v -X $p.gitMajor=$major -X $p.gitMinor=${rest%%.*} -X $p.gitTreeState=clean"
  done
  build_go . tandem-testbed ./kubernetes "$flags"
}

# What the node and the db image take from Debian.
NODE_PACKAGES="containerd runc containernetworking-plugins iptables nftables"
IMAGE_PACKAGES="redis-server"

build_packages() {
  [ ! -e "$DEBIAN/.complete" ] || [ "$(cat "$DEBIAN/.complete")" != "$NODE_PACKAGES $IMAGE_PACKAGES" ] || return 0
  command -v apt-get >/dev/null || die "no apt-get: containerd, runc and the rest come from Debian packages"
  rm -rf "$DEBIAN" "$BUILD/debs"; mkdir -p "$DEBIAN" "$BUILD/debs"
  local names
  names=$(packages_needed) || { say "refreshing the package lists"; apt-get update -qq >&2 && names=$(packages_needed); } || {
    say "cluster: apt knows no $NODE_PACKAGES $IMAGE_PACKAGES"; hint "apt-get update"; exit 1; }
  # _apt cannot enter every folder a clone may lie in; as root apt only warns of it
  (cd "$BUILD/debs" && { apt-get download -q $names >/dev/null 2>&1 || { apt-get update -qq && apt-get download -q $names >/dev/null; }; }) >&2 ||
    { say "cluster: Debian packages could not be fetched"; hint "apt-get update && apt-get download $names"; exit 1; }
  local deb
  for deb in "$BUILD"/debs/*.deb; do dpkg -x "$deb" "$DEBIAN"; done
  rm -rf "$BUILD/debs"
  # what the package's install script would link through update-alternatives; the portmap plugin calls
  # it for hostPorts, and the legacy one does not depend on the kernel's nft compatibility modules
  local l
  for l in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    ln -sf xtables-legacy-multi "$DEBIAN/usr/sbin/$l"
  done
  echo "$NODE_PACKAGES $IMAGE_PACKAGES" > "$DEBIAN/.complete"
}

# packages_needed: those packages and whatever they depend on that this machine lacks, by apt's own
# resolver, so that it holds for any Debian release
packages_needed() {
  local out
  out=$(apt-get install --print-uris -qq --yes --no-install-recommends --reinstall $NODE_PACKAGES $IMAGE_PACKAGES 2>/dev/null) &&
    [ -n "$out" ] && awk '{ sub(/_.*/, "", $2); print $2 }' <<<"$out"
}

# debian_env: lets unpacked programs find their libraries and each other; never used for anything else
debian_env() {
  local d=$1
  export PATH=$d/usr/bin:$d/usr/sbin:$PATH
  export LD_LIBRARY_PATH=$d/usr/lib/$MULTIARCH:$d/lib/$MULTIARCH
  export XTABLES_LIBDIR=$d/usr/lib/$MULTIARCH/xtables
}
