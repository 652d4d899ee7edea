"""A client with python3-websockets. Its arguments are a URL and messages, after each of which
it waits for one, and prints it. At last it says bye, and prints with which code the server
has closed."""

import asyncio
import sys

import websockets


async def main():
    async with websockets.connect(sys.argv[1], subprotocols=["a", "b"], ping_interval=None) as ws:
        print("subprotocol", ws.subprotocol, flush=True)
        for text in sys.argv[2:]:
            await ws.send(text.encode() if text.startswith("0x") else text)
            print(await ws.recv(), flush=True)
        answered = await ws.ping("are you there")
        await answered
        await ws.send("bye")
        await ws.wait_closed()
        print("closed", ws.close_code, ws.close_reason, flush=True)


asyncio.run(main())
