# Messages. Results go to stdout, everything said to a person to stderr.

say()  { printf '%s\n' "$*" >&2; }
die()  { printf 'cluster: %s\n' "$*" >&2; exit 1; }
hint() { printf '  hint: %s\n' "$*" >&2; }

# stopwatch: seconds since the script began, for progress lines
stopwatch() { awk -v a="$STARTED" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }'; }
STARTED=$(date +%s.%N)
