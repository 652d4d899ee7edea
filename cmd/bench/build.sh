#!/bin/sh
# Builds the load generator, the runner and the measured programs into bin.
# npm installs what the servers in JavaScript need. The server in C needs a C
# compiler and Debian's libwebsockets-dev. What is missing is left out, with a
# message.
cd "$(dirname "$0")" || exit
set -e
left_out() { echo "build.sh: left out $1" >&2; }

mkdir -p bin
go build -o bin/ ./...
if ! command -v npm >/dev/null; then
	left_out "nodews and uwebsockets: there is no npm"
elif ! (cd servers && npm install --no-package-lock --silent); then
	left_out "nodews and uwebsockets: npm could not install what they need"
else
	servers/node_modules/@oven/bun-linux-x64/bin/bun --version >/dev/null 2>&1 ||
		left_out "uwebsockets: npm's @oven/bun-linux-x64, which contains it, does not run on this machine"
fi
if ! command -v cc >/dev/null; then
	left_out "lws: there is no C compiler"
elif ! echo '#include <libwebsockets.h>' | cc -E - >/dev/null 2>&1; then
	left_out "lws: there is no libwebsockets.h, which Debian's libwebsockets-dev contains"
else
	cc -O2 -o bin/lws servers/lws/main.c -lwebsockets || left_out "lws: it could not be built"
fi
