# Users with limited rights, for tests of what happens without a permission.

# make_user NAME NAMESPACE [ROLEFILE]: a client certificate signed by the cluster's authority, and, with
# a file that holds one Role, that Role bound to the user in the namespace. Prints the kubeconfig's path.
# ROLEFILE `-` is stdin. Without a Role the user may do nothing but be recognised.
make_user() {
  local user=$1 ns=$2 rolefile=${3:-} role out
  [[ $user =~ ^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$ ]] || die "user name $user: want lower-case letters, digits, - and ."
  mkdir -p "$STATE/users"
  out=$STATE/users/$user.$ns.kubeconfig
  "$TOOL" pki user -dir "$STATE/pki" -name "$user" -namespace "$ns" -out "$out"
  if [ -n "$rolefile" ]; then
    kube get namespace "$ns" >/dev/null 2>&1 || kube create namespace "$ns" >&2
    role=$(kube apply --namespace "$ns" -f "$rolefile" -o name)
    [[ $role == role.rbac.authorization.k8s.io/* && $role != *$'\n'* ]] || die "$rolefile: want exactly one Role, found: ${role//$'\n'/, }"
    kube create rolebinding "$user" --namespace "$ns" --role "${role#*/}" --user "$user" --dry-run=client -o yaml |
      kube apply --namespace "$ns" -f - >&2
  fi
  echo "$out"
}
