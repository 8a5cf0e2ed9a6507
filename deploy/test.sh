#!/usr/bin/env bash
# Sets up, then builds and tests everything: thread sanitizer, address sanitizer, and the release with warnings as errors.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'HELP'
usage: deploy/test.sh [--no-install] [PART...]
  PART          tsan, asan or release; without any, all of them in this order
  --no-install  do not look for missing packages
environment:
  TOCSIN_JOBS   compilers at a time; two or three times as many tests (default: processors)
HELP
}

install=yes parts=()
for argument in "$@"; do
  case "$argument" in
    --no-install) install=no ;;
    tsan|asan|release) parts+=("$argument") ;;
    --help|-h) usage; exit 0 ;;
    *) echo "test: unknown argument '$argument'" >&2; usage >&2; exit 2 ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=(tsan asan release)
jobs=${TOCSIN_JOBS:-$(nproc)}

# Sanitizers stop at the first finding, and say where. Of an allocation five callers do: to look for thirty takes a quarter of the time.
export ASAN_OPTIONS=${ASAN_OPTIONS:-malloc_context_size=5}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1}

began=$SECONDS report=() now="set-up"
finish() {
  local code=$?
  if [ "$code" -ne 0 ]; then
    echo
    echo "test: FAILED in '$now' after $((SECONDS - began)) s; run that part alone with: deploy/test.sh ${now%% *}" >&2
  fi
  exit "$code"
}
trap finish EXIT

# A step of the run: its name, then the command.
timed() {
  now=$1
  shift
  local start=$SECONDS code=0
  echo "== $now"
  "$@" || code=$?
  report+=("$(printf '%-16s %5d s' "$now" $((SECONDS - start)))")
  return "$code" # `set -e` does not reach whoever is asked for his code
}

build() { # part, preset
  timed "$1 configure" cmake --preset "$2" --log-level=WARNING
  timed "$1 build" cmake --build "build/$1" -j "$jobs"
}

run_tests() { # part, tests at a time for each job, how ctest selects
  local part=$1 beside=$2
  shift 2
  timed "$part tests" ctest --test-dir "build/$part" -j $((beside * jobs)) --output-on-failure --no-tests=error "$@"
}

print_times() {
  echo
  printf '   %s\n' "${report[@]}"
  printf '   %-16s %5d s\n' "in all" $((SECONDS - began))
}

[ "$install" = no ] || timed "set-up" ./deploy/setup.sh
for part in "${parts[@]}"; do
  case "$part" in
    tsan)
      build tsan tsan
      run_tests tsan 2 -L unit
      ;;
    asan)
      build asan asan
      run_tests asan 2 -LE 'slow|tidy|bench'
      ;;
    release)
      build release ci
      ;;
  esac
done
if [[ " ${parts[*]} " != *" release "* ]]; then
  print_times
  exit 0
fi
# Most of its tests wait most of their time: for a broker, a group, a clock.
# The release comes last, so that the closing lines are ctest's own summary of everything.
log=build/release/ctest.log
code=0
run_tests release 3 2>&1 | tee "$log" | sed '/% tests passed/,$d' || code=$?
print_times
echo
sed -n '/% tests passed/,$p' "$log"
now="release tests"
exit "$code"
