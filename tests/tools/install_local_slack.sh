#!/bin/sh
# Puts local-slack, a Slack workspace to test against, into .cache/ (Linux on x64; needs npm).
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
cache="$here/.cache/local-slack"
program="$cache/node_modules/local-slack-linux-x64/bin/local-slack"
[ -x "$program" ] && exit 0
mkdir -p "$cache"
npm install --prefix "$cache" --no-save --no-package-lock --no-audit --no-fund --loglevel=error local-slack-linux-x64@0.1.8
[ -x "$program" ]
