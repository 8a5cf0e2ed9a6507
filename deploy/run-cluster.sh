#!/usr/bin/env bash
# Tries a cluster on one machine: a Kafka broker or the address of one, nodes that share its partitions, and a simulated fab.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'HELP'
usage: deploy/run-cluster.sh [options]
  --brokers ADDR        brokers to use, host:port with commas between; without it librdkafka's mock cluster, which keeps 5 MiB of each
                        partition and forgets everything at the end: to try things, not to measure or to keep
  --properties TEXT     librdkafka's properties for --brokers, as YAML: 'security.protocol: SSL, ssl.ca.location: /etc/ca.pem'
  --replication N       copies of the topics that are created (default 1)
  --prefix NAME         of topics and group (default tocsin-cluster)
  --partitions N        of the input topic (default 6)
  --nodes N             1 to 9 (default 3); they are called a, b, c …
  --port N              of the first node's status page (default 8420); the others follow
  --gateway-port N      where the first node is asked by the others (default 7411); the others follow
  --data DIR            configurations, logs and what nodes keep (default build/cluster)
  --keep                go on with what the nodes kept; needs --brokers
  --pace N              how many times faster than life the fab lives (default 30; the rules of deploy/cluster.yaml fit 30)
  --no-fab              no simulated fab
  --no-install          do not look for missing packages
TOCSIN_BINARY and TOCSIN_TEST_KAFKA_MOCK name programs that are built already.
HELP
}

brokers= properties= replication=1 prefix=tocsin-cluster partitions=6 nodes=3 port=8420 gateway_port=7411 data=build/cluster
keep=no pace=30 fab=yes install=yes
refuse() {
  echo "run-cluster: $1" >&2
  exit 2
}
number() { # option, value, least, most
  [[ "${2:-}" =~ ^[0-9]{1,5}$ ]] && [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || refuse "$1 needs a whole number, $3 to $4"
  echo "$2"
}
text() { # option, value
  [ -n "${2:-}" ] && [[ "$2" != --* ]] || refuse "$1 needs a value; see --help"
  echo "$2"
}
while [ $# -gt 0 ]; do
  case "$1" in
    --brokers) brokers=$(text "$@"); shift ;;
    --properties) properties=$(text "$@"); shift ;;
    --replication) replication=$(number "$1" "${2:-}" 1 99); shift ;;
    --prefix) prefix=$(text "$@"); shift ;;
    --partitions) partitions=$(number "$1" "${2:-}" 1 1000); shift ;;
    --nodes) nodes=$(number "$1" "${2:-}" 1 9); shift ;;
    --port) port=$(number "$1" "${2:-}" 1 65000); shift ;;
    --gateway-port) gateway_port=$(number "$1" "${2:-}" 1 65000); shift ;;
    --data) data=$(text "$@"); shift ;;
    --pace) pace=$(number "$1" "${2:-}" 1 10000); shift ;;
    --keep) keep=yes ;;
    --no-fab) fab=no ;;
    --no-install) install=no ;;
    --help|-h) usage; exit 0 ;;
    *) echo "run-cluster: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
[[ "$prefix" =~ ^[a-zA-Z0-9._-]{1,100}$ ]] || refuse "--prefix '$prefix': a topic's name has letters, digits, dots, '_' and '-'"
[[ "$data" != *[\"\|\&\\]* ]] || refuse "--data '$data': a path without quotes, '|', '&' and backslashes"
[ -n "$brokers" ] || [ -z "$properties" ] || refuse "--properties needs --brokers: the mock takes none"
[ -n "$brokers" ] || [ "$keep" = no ] || refuse "--keep needs --brokers: the mock has forgotten what the nodes' positions mean"

tocsin=${TOCSIN_BINARY:-} mock=${TOCSIN_TEST_KAFKA_MOCK:-}
unset TOCSIN_BINARY TOCSIN_TEST_KAFKA_MOCK # nodes take TOCSIN_… for keys of their configuration
if [ -z "$tocsin" ] || { [ -z "$brokers" ] && [ -z "$mock" ]; }; then
  [ "$install" = no ] || ./deploy/setup.sh
  targets=(tocsin)
  [ -n "$brokers" ] || targets+=(tocsin_test_kafka)
  cmake --preset release --log-level=WARNING >/dev/null
  cmake --build --preset release -j "${TOCSIN_JOBS:-$(nproc)}" --target "${targets[@]}"
  tocsin=${tocsin:-build/release/tocsin} mock=${mock:-build/release/tests/kafka_mock/tocsin-test-kafka}
fi

[ "$keep" = yes ] || for node in a b c d e f g h i; do rm -rf "$data/$node"; done
mkdir -p "$data"
rm -f "$data"/*.log

pids=() names=() ended=no
signal() { # a process, which may stand still
  kill "$1" 2>/dev/null && kill -CONT "$1" 2>/dev/null || true
}
stop() {
  [ "$ended" = no ] || return 0
  ended=yes
  echo
  echo "run-cluster: stopping"
  # The fab first, the broker last: a node hands over what it owns.
  for ((i = ${#names[@]} - 1; i >= 1; --i)); do [ -z "${pids[i]:-}" ] || signal "${pids[i]}"; done
  for ((i = ${#names[@]} - 1; i >= 1; --i)); do [ -z "${pids[i]:-}" ] || wait "${pids[i]}" 2>/dev/null || true; done
  [ -z "${pids[0]:-}" ] || kill "${pids[0]}" 2>/dev/null || true
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
fail() {
  echo "run-cluster: $1" >&2
  tail -n 5 "$data"/*.log >&2 || true
  exit 1
}
alive() { kill -0 "$1" 2>/dev/null; }
pause() { read -rt 0.2 <> <(:) || true; } # without another process

# -- brokers: number 0 of the processes, even when they are not ours
create=true
if [ -n "$brokers" ]; then
  pids+=("") names+=(brokers)
else
  create=false properties='fetch.wait.max.ms: "10", session.timeout.ms: "6000", heartbeat.interval.ms: "1000"'
  rm -f "$data/mock.orders"
  : >"$data/mock.address"
  mkfifo "$data/mock.orders"
  exec 3<>"$data/mock.orders" # the mock ends when nobody can give it orders any more
  "$mock" "$prefix.inputs:$partitions" "$prefix.cluster:1" "$prefix.snapshots:$partitions" <&3 >"$data/mock.address" 2>"$data/mock.log" 3>&- &
  pids+=($!) names+=("the mock broker")
  for ((tries = 0; ; ++tries)); do
    IFS= read -r brokers <"$data/mock.address" || true
    [ -z "$brokers" ] || break
    alive "${pids[0]}" && [ "$tries" -lt 50 ] || fail "the mock broker does not start"
    pause
  done
fi

# -- nodes
letters=abcdefghi peers=
for ((i = 0; i < nodes; ++i)); do peers+="${peers:+, }127.0.0.1:$((gateway_port + i))"; done
quoted() { printf '%s' "$1" | sed 's/[&|\\]/\\&/g'; }
start_node() { # number
  local node=${letters:$1:1}
  mkdir -p "$data/$node"
  sed -e "s|@DATA@|$(quoted "$data/$node/data")|; s|@HTTP_PORT@|$((port + $1))|; s|@GATEWAY_PORT@|$((gateway_port + $1))|" \
      -e "s|@BROKERS@|$(quoted "$brokers")|; s|@PROPERTIES@|$(quoted "$properties")|; s|@CREATE@|$create|; s|@REPLICATION@|$replication|" \
      -e "s|@PARTITIONS@|$partitions|g; s|@PREFIX@|$prefix|g; s|@NODE@|$node|g; s|@PEERS@|$peers|" \
      deploy/cluster.yaml >"$data/$node/tocsin.yaml"
  "$tocsin" check-config "$data/$node/tocsin.yaml" >"$data/$node.log" 2>&1 || fail "the configuration of node $node is refused: $data/$node/tocsin.yaml"
  "$tocsin" run --config "$data/$node/tocsin.yaml" 2>>"$data/$node.log" </dev/null 3>&- &
  pids+=($!) names+=("node $node")
}
for ((i = 0; i < nodes; ++i)); do start_node "$i"; done
for ((i = 0; i < nodes; ++i)); do
  for ((tries = 0; ; ++tries)); do
    alive "${pids[i + 1]}" || fail "${names[i + 1]} ended; are the ports $((port + i)) and $((gateway_port + i)) free? see --port, --gateway-port"
    curl -fsS -o /dev/null "http://127.0.0.1:$((port + i))/-/ready" 2>/dev/null && break
    [ "$tries" -lt 300 ] || fail "${names[i + 1]} is not ready after a minute"
    pause
  done
done

# -- the fab
if [ "$fab" = yes ]; then
  produce=(--config "$data/a/tocsin.yaml" --topic "$prefix.inputs" -i -)
  rm -f "$data/fab"
  mkfifo "$data/fab"
  "$tocsin" produce "${produce[@]}" <"$data/fab" >"$data/produce.log" 2>&1 3>&- &
  pids+=($!) names+=("what sends the fab's records")
  "$tocsin" simulate --scenario deploy/demo.scenario --pace "$pace" --start "$(date -u +%FT%TZ)" >"$data/fab" 2>"$data/fab.log" 3>&- &
  pids+=($!) names+=("the simulated fab")
fi

cat <<HELLO

  $nodes nodes watch a simulated fab of 24 daemons, $pace times faster than life, through Kafka at $brokers

HELLO
for ((i = 0; i < nodes; ++i)); do
  echo "  node ${letters:i:1}      http://127.0.0.1:$((port + i))/   process ${pids[i + 1]}   log $data/${letters:i:1}.log"
done
cat <<HELLO

  cluster     $tocsin cluster show --node http://127.0.0.1:$port
  incidents   $tocsin incidents list --server http://127.0.0.1:$port
  takeover    kill -9 ${pids[1]}   and ask another node
  a fall-out  kill -STOP ${pids[1]}, later kill -CONT ${pids[1]}

  Ctrl-C stops everything.
HELLO

# A node may be killed to see what the others do; without brokers or nodes there is nothing to see.
left=$nodes
while [ "$left" -gt 0 ]; do
  gone=
  wait -n -p gone "${pids[@]:1}" ${pids[0]:+"${pids[0]}"} || true
  [ -n "$gone" ] || break
  for i in "${!pids[@]}"; do [ "${pids[i]}" = "$gone" ] && which=$i; done
  [ "$which" -ne 0 ] || fail "the mock broker ended"
  if [ "$which" -gt "$nodes" ]; then
    echo "run-cluster: ${names[which]} ended; the nodes go on"
  else
    left=$((left - 1))
    node=${letters:which - 1:1}
    echo "run-cluster: node $node ended; again, from another terminal: $tocsin run --config $data/$node/tocsin.yaml"
  fi
  unset "pids[which]" # its number may be another's by now
done
fail "no node is left"
