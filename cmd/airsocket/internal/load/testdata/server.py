"""A server with python3-websockets that sends each message back after 20 ms, and each tenth one
after 60 ms."""

import asyncio
import sys

import websockets


async def echo(ws):
    count = 0
    async for message in ws:
        count += 1
        await asyncio.sleep(0.06 if count % 10 == 0 else 0.02)
        await ws.send(message)


async def main():
    async with websockets.serve(echo, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
