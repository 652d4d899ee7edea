"""An echo server with python3-websockets. Its argument is what it puts before each message
that it sends back."""

import asyncio
import sys

import websockets


async def echo(ws):
    async for message in ws:
        if message == "bye":
            await ws.close(4000, "as you like")
        elif isinstance(message, str):
            await ws.send(sys.argv[1] + message)
        else:
            await ws.send(message)


async def main():
    async with websockets.serve(echo, "127.0.0.1", 0, subprotocols=["b"], ping_interval=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
