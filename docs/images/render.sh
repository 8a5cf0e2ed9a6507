#!/usr/bin/env bash
# Draws the pictures of the documentation anew. Needs a built tocsin and Debian's chromium: docs/images/render.sh [TOCSIN]
set -euo pipefail
cd "$(dirname "$0")"
tocsin=${1:-../../build/release/tocsin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/mail.yaml" <<YAML
external_url: https://tocsin.fab.example
receivers:
  - {name: ops-mail, kind: mail, mail: {server: "mail.fab.example:587", security: none, from: tocsin@fab.example, to: [ops@fab.example]}}
YAML
"$tocsin" template preview -c "$work/mail.yaml" --receiver ops-mail | sed '1,/^-- html --$/d' > "$work/mail.html"
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=1 --window-size=720,640 \
  --screenshot="$PWD/mail.png" "file://$work/mail.html" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
