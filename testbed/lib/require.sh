# What a machine must have. Each check ends the script with what is missing and what to do about it.

require_linux() {
  [ "$(uname -s)" = Linux ] || die "this needs Linux (namespaces, cgroups, overlayfs), not $(uname -s)"
  case $(uname -m) in x86_64 | aarch64) ;; *) die "no Debian packages are known for $(uname -m)" ;; esac
}

require_root() {
  [ "$(id -u)" = 0 ] || { say "cluster: \`$1\` needs root: it makes namespaces, cgroups and a network interface"; hint "sudo $TESTBED/cluster $1"; exit 1; }
}

require_go() {
  command -v go >/dev/null || { say "cluster: no \`go\` in PATH"; hint "install Go 1.26 or newer from https://go.dev/dl"; exit 1; }
}

# The few programs a bare Debian may lack, with the package that brings each.
require_tools() {
  local missing=() pair
  for pair in ip:iproute2 unshare:util-linux nsenter:util-linux mountpoint:util-linux flock:util-linux \
              setsid:util-linux awk:mawk ldd:libc-bin sha256sum:coreutils; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  # Go checks the module proxy's certificate against these
  [ -n "${SSL_CERT_FILE:-}" ] || [ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
  [ ${#missing[@]} -gt 0 ] || return 0
  local install="apt-get install --yes --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing ${missing[*]}"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install -qq; } >&2 ||
      { say "cluster: could not install ${missing[*]}"; hint "$install"; exit 1; }
  else
    say "cluster: missing Debian packages: ${missing[*]}"; hint "sudo $install"; exit 1
  fi
}

require_settings() {
  # the name becomes a network interface: at most 15 bytes
  [[ $NAME =~ ^[a-z][a-z0-9-]{0,13}$ ]] || die "TESTBED_NAME=$NAME: want a short lower-case name, at most 14 characters"
  [[ $NAME != *-system ]] || die "TESTBED_NAME=$NAME: the ending -system is taken by the cgroup of the node's daemons"
  [[ $NET =~ ^[0-9]{1,3}\.[0-9]{1,3}$ ]] || die "TESTBED_NET=$NET: want the first two octets of a private network, such as 10.77"
  [[ $REGISTRY_PORT =~ ^[0-9]+$ ]] && [ "$REGISTRY_PORT" -gt 0 ] && [ "$REGISTRY_PORT" -lt 65536 ] ||
    die "TESTBED_REGISTRY_PORT=$REGISTRY_PORT: not a port"
}

require_build() {
  [ -x "$TOOL" ] || { say "cluster: nothing is built yet"; hint "$TESTBED/cluster build"; exit 1; }
}

require_up() {
  node_pid >/dev/null || { say "cluster: \`$NAME\` is not up"; hint "$TESTBED/cluster up"; exit 1; }
}
