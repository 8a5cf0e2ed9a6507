#!/usr/bin/env bash
# Installs what is missing, builds, and starts the demo: a simulated fleet, a Rendezvous daemon, and a tocsin that watches.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'HELP'
usage: deploy/run.sh [--no-install] [--port N] [--rv-port N] [--pace N] [--keep]
  --no-install  do not look for missing packages
  --port N      of the status page (default 8420)
  --rv-port N   of the demo's Rendezvous daemon (default 17500)
  --pace N      how many times faster than life the fleet lives (default 30; the rules of deploy/demo.yaml fit 30)
  --keep        go on with the history of the last demo
HELP
}

install=yes port=8420 rv_port=17500 pace=30 keep=no
number() { # option, value
  [[ "${2:-}" =~ ^[0-9]+$ ]] || { echo "run: $1 needs a whole number" >&2; exit 2; }
  echo "$2"
}
while [ $# -gt 0 ]; do
  case "$1" in
    --no-install) install=no ;;
    --keep) keep=yes ;;
    --port) port=$(number "$@"); shift ;;
    --rv-port) rv_port=$(number "$@"); shift ;;
    --pace) pace=$(number "$@"); shift ;;
    --help|-h) usage; exit 0 ;;
    *) echo "run: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

[ "$install" = no ] || ./deploy/setup.sh
cmake --preset release --log-level=WARNING >/dev/null
cmake --build --preset release -j "${TOCSIN_JOBS:-$(nproc)}" --target tocsin tocsin_test_rvd
tocsin=build/release/tocsin
rvd=build/release/tests/rv_daemon/tocsin-test-rvd

demo=build/demo
[ "$keep" = yes ] || rm -rf "$demo"
mkdir -p "$demo"
sed "s/127\.0\.0\.1:17500/127.0.0.1:$rv_port/; s/127\.0\.0\.1:8420/127.0.0.1:$port/" deploy/demo.yaml >"$demo/tocsin.yaml"
"$tocsin" check-config "$demo/tocsin.yaml"

pids=() ended=no
stop() {
  [ "$ended" = no ] || return 0
  ended=yes
  echo
  echo "run: stopping"
  for ((i = ${#pids[@]} - 1; i >= 0; --i)); do kill "${pids[i]}" 2>/dev/null || true; done
  wait 2>/dev/null || true
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
  echo "run: $1" >&2
  tail -n 5 "$demo"/*.log >&2 || true
  exit 1
}
alive() { kill -0 "$1" 2>/dev/null; }

rm -f "$demo/fleet"
mkfifo "$demo/fleet"
"$rvd" --port "$rv_port" <"$demo/fleet" >"$demo/rvd.log" 2>&1 &
rvd_pid=$!
pids+=("$rvd_pid")
"$tocsin" simulate --scenario deploy/demo.scenario --pace "$pace" --start "$(date -u +%FT%TZ)" \
  >"$demo/fleet" 2>"$demo/fleet.log" &
fleet_pid=$!
pids+=("$fleet_pid")
"$tocsin" run --config "$demo/tocsin.yaml" 2>"$demo/tocsin.log" </dev/null &
tocsin_pid=$!
pids+=("$tocsin_pid")

address=http://127.0.0.1:$port
for ((tries = 0; ; ++tries)); do
  alive "$rvd_pid" || fail "the Rendezvous daemon ended; is port $rv_port taken? see --rv-port"
  alive "$fleet_pid" || fail "the simulated fleet ended"
  alive "$tocsin_pid" || fail "tocsin ended; is port $port taken? see --port"
  if curl -fsS -o /dev/null "$address/-/ready" 2>/dev/null; then break; fi
  [ "$tries" -lt 150 ] || fail "tocsin is not ready after 30 s"
  read -rt 0.2 <> <(:) || true # a pause without another process
done

cat <<HELLO

  Tocsin watches 24 simulated daemons, $pace times faster than life, and a simulated line:   $address/

  incidents   $tocsin incidents list --server $address
  daemons     $tocsin daemons list --server $address
  equipment   $address/api/v1/equipment   (6 simulated units; their faults: $demo/tocsin.yaml)
  metrics     $address/metrics
  logs        $demo/*.log

  Ctrl-C stops everything.
HELLO

# Whoever ends first ends the demo.
wait -n "${pids[@]}" || true
fail "a part of the demo ended by itself"
