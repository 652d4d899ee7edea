#!/bin/sh
# Builds the load generator, the runner and the measured programs into bin.
# npm installs what the servers in JavaScript need. The servers in C need a C
# compiler and Debian's libwebsockets-dev, and lwsuv libwebsockets-evlib-uv too.
# What is missing is left out, with a message.
cd "$(dirname "$0")" || exit
set -e
left_out() { echo "build.sh: left out $1" >&2; }

mkdir -p bin
go build -o bin/ ./compare ./load ./servers/... ./clients/...
if ! command -v npm >/dev/null; then
	left_out "nodews and uwebsockets: there is no npm"
elif ! (cd servers && npm install --no-package-lock --silent); then
	left_out "nodews and uwebsockets: npm could not install what they need"
else
	servers/node_modules/@oven/bun-linux-x64/bin/bun --version >/dev/null 2>&1 ||
		left_out "uwebsockets: npm's @oven/bun-linux-x64, which contains it, does not run on this machine"
fi
if ! command -v cc >/dev/null; then
	left_out "lws and lwsuv: there is no C compiler"
elif ! echo '#include <libwebsockets.h>' | cc -E - >/dev/null 2>&1; then
	left_out "lws and lwsuv: there is no libwebsockets.h, which Debian's libwebsockets-dev contains"
else
	cc -O2 -o bin/lws servers/lws/main.c -lwebsockets || left_out "lws: it could not be built"
	if ! cc -O2 -DOPTIONS=LWS_SERVER_OPTION_LIBUV -o bin/lwsuv servers/lws/main.c -lwebsockets; then
		left_out "lwsuv: it could not be built"
	elif ! bin/lwsuv -version >/dev/null 2>&1; then
		left_out "lwsuv: it does not run without Debian's libwebsockets-evlib-uv"
		rm bin/lwsuv
	fi
fi
