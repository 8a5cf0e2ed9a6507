#!/usr/bin/env bash
# Measures: builds what it needs, then hands over to run.py beside it. See docs/performance.md.
exec python3 -B "$(dirname "$0")/run.py" "$@"
