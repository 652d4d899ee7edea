"""python3-websockets, driven as peer.js describes."""

import asyncio
import base64
import http
import json
import sys

import websockets

commands = {}


def report(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


async def attach(ws, header):
    """Reports what ws receives and runs the commands on it, until it is closed."""

    async def ping(data, _):
        answered = await ws.ping(data)
        await answered
        report("pong", data=data)

    commands.update(
        text=lambda data, _: ws.send(data),
        binary=lambda data, _: ws.send(base64.b64decode(data)),
        fragments=lambda parts, _: ws.send(parts),
        ping=ping,
        close=lambda _, command: ws.close(command["code"] or 1000, command["reason"]),
    )
    report("open", protocol=ws.subprotocol or "", header={k.lower(): v for k, v in header.items()})
    try:
        async for message in ws:
            if isinstance(message, str):
                report("text", data=message)
            else:
                report("binary", data=base64.b64encode(message).decode())
    except websockets.ConnectionClosedError:
        pass
    report("close", code=ws.close_code, reason=ws.close_reason)


async def refuse(path, header):
    if path == "/refuse":
        return http.HTTPStatus.FORBIDDEN, {"X-Reason": "because"}, b"not you"


async def serve(options, compression):
    server = await websockets.serve(
        lambda ws: attach(ws, ws.request_headers),
        "127.0.0.1",
        0,
        subprotocols=["b"],
        process_request=refuse,
        compression=compression,
    )
    report("listening", port=server.sockets[0].getsockname()[1])


async def connect(options, compression):
    try:
        ws = await websockets.connect(
            options["url"],
            subprotocols=options.get("protocols"),
            extra_headers=options.get("headers"),
            origin=options.get("origin"),
            compression=compression,
        )
    except websockets.InvalidStatusCode as e:
        report("refused", status=e.status_code)
        return
    asyncio.create_task(attach(ws, ws.response_headers))


async def main():
    role, options = sys.argv[1], json.loads(sys.argv[2])
    compression = "deflate" if options.get("perMessageDeflate") else None
    await {"server": serve, "client": connect}[role](options, compression)
    lines = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    tasks = set()
    while line := await lines.readline():
        command = json.loads(line)
        task = asyncio.create_task(commands[command["do"]](command.get("data"), command))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


asyncio.run(main())
