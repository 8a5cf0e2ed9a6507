#!/usr/bin/env bash
# Installs the Debian 12 packages that building, running and testing need, if they are not there.
set -euo pipefail

packages=(
  # tools
  git g++ cmake ninja-build ccache openssl curl ca-certificates python3
  # libraries of the program
  libcaf-dev libsimdjson-dev nlohmann-json3-dev libmsgpack-cxx-dev libyaml-cpp-dev libspdlog-dev libcli11-dev
  libcivetweb-dev prometheus-cpp-dev libeigen3-dev libexpected-dev libcurl4-openssl-dev libsqlite3-dev
  libssl-dev zlib1g-dev libc-ares-dev libre2-dev librdkafka-dev tzdata
  # libraries and servers of the tests
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev libavro-dev
  python3-aiosmtpd python3-jsonschema python3-yaml prometheus prometheus-alertmanager socat iproute2
)

case "${1:-}" in
  "") ;;
  --print) printf '%s\n' "${packages[@]}"; exit 0 ;;
  --help|-h) echo "usage: deploy/setup.sh [--print]   installs what is missing; --print lists what is needed"; exit 0 ;;
  *) echo "setup: unknown option '$1'; see --help" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "setup: this is no Debian; install the like of these and use --no-install:" >&2
  printf '  %s\n' "${packages[@]}" >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "setup: nothing is missing"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: missing: ${missing[*]}" >&2
    echo "setup: run as root, or install them with: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

echo "setup: installing ${missing[*]}"
apt update
apt install -y --no-install-recommends "${missing[@]}"
