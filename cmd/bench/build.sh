#!/bin/sh
# Builds the load generator, the runner and the measured programs into bin.
# Node's server needs npm, and the server in C needs the headers of libwebsockets.
# Without these, the two are left out.
set -e
cd "$(dirname "$0")"
mkdir -p bin
go build -o bin/ ./...
if command -v npm >/dev/null; then
	(cd servers && npm install --no-package-lock --silent) || echo "build.sh: left out nodews: npm ws could not be installed" >&2
fi
cc -O2 -o bin/lws servers/lws/main.c -lwebsockets 2>/dev/null || echo "build.sh: left out lws: it could not be built with libwebsockets" >&2
