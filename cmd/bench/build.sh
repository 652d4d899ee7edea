#!/bin/sh
# Builds the load generator, the runner and the measured programs into bin.
# Node's server needs npm, and the C one the headers of libwebsockets; without
# them they are left out.
set -e
cd "$(dirname "$0")"
mkdir -p bin
go build -o bin/ ./...
if command -v npm >/dev/null; then
	(cd servers && npm install --no-package-lock --silent) || echo "build.sh: no npm ws" >&2
fi
cc -O2 -o bin/lws servers/lws/main.c -lwebsockets 2>/dev/null || echo "build.sh: no libwebsockets" >&2
