# The shop's images and its deployment.

build_images() {
  mkdir -p "$BUILD/shop"
  (cd "$TESTBED/shop" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$BUILD/shop/" ./api ./web) || die "the shop did not build"
  # Entries that are easy to get wrong: an empty value, quotes and a dollar, a second =, and names that
  # the Deployment sets too.
  "$TOOL" image -push "$REGISTRY/shop/api:1" -file "/api=$BUILD/shop/api" -entrypoint /api -user 65532 -workdir / -port 8080 \
    -env PATH=/usr/local/bin:/usr/bin:/bin -env SHOP_EDITION=image -env 'SHOP_MOTTO=say "hi" for $5' -env SHOP_EMPTY= \
    -env SHOP_FILTER=state=open -env SHOP_CURRENCY=image
  "$TOOL" image -push "$REGISTRY/shop/web:1" -file "/web=$BUILD/shop/web" -entrypoint /web -user 65532 -workdir / -port 8080 \
    -env PATH=/usr/local/bin:/usr/bin:/bin -env SHOP_EDITION=image
  build_db_image
}

# build_db_image: Debian's redis-server and every library that the loader would find for it
build_db_image() {
  local server lib files=()
  server=$(readlink -f "$DEBIAN/usr/bin/redis-server")   # a link to redis-check-rdb: one program, several names
  while read -r lib; do
    # by the name it is asked for; from where it lies here, in the unpacked packages or on the machine
    files+=(-file "/usr/lib/$MULTIARCH/${lib##*/}=$(readlink -f "$lib")")
  done < <(LD_LIBRARY_PATH=$DEBIAN/usr/lib/$MULTIARCH:$DEBIAN/lib/$MULTIARCH ldd "$server" | sed -n 's/^.* => \(.*\) (0x[0-9a-f]*)$/\1/p')
  # the loader's path is written into the program
  lib=$(ldd "$server" | awk '$1 ~ /^\/lib.*\/ld-linux/ { print $1 }')
  [ -n "$lib" ] || die "cannot tell the loader of $server"
  files+=(-file "$lib=$(readlink -f "$lib")")
  "$TOOL" image -push "$REGISTRY/shop/db:1" -file "/redis-server=$server" "${files[@]}" -entrypoint /redis-server \
    -env LD_LIBRARY_PATH="/usr/lib/$MULTIARCH" -user 65532 -workdir /data -dir /data -port 6379
}

# deploy_shop NAMESPACE: into a namespace that takes only pods of the restricted Pod Security Standard, as
# many companies' do, so that whatever is started beside the shop has to pass it too
deploy_shop() {
  local ns=$1 file
  if ! kube get namespace "$ns" >/dev/null 2>&1; then
    kube create namespace "$ns" >&2
    kube label namespace "$ns" pod-security.kubernetes.io/enforce=restricted >&2
  fi
  # the manifests name the default registry
  for file in "$TESTBED"/shop/k8s/*.yaml; do echo ---; sed "s,127\.0\.0\.1:5000/,$REGISTRY/," "$file"; done |
    kube apply --namespace "$ns" -f - >&2
  kube --namespace "$ns" rollout status --timeout=120s statefulset/db >&2
  kube --namespace "$ns" rollout status --timeout=120s deployment/api >&2
  kube --namespace "$ns" rollout status --timeout=120s deployment/web >&2
  # available is not yet reachable: kube-proxy writes its rules up to a second later
  wait_until 20 "answer of the shop" "$(node_pid)" kube get --raw "/api/v1/namespaces/$ns/services/web:http/proxy/whoami"
}
