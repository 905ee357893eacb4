"""The least code that does the job on this stack, with none of the service's duties: what they cost shows against it.

No heartbeat, no limits, no log, no resume: each line that Dify writes is read, and each token is sent on as it is.
"""

import json
import os

import aiohttp
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect

sessions = []


async def chat(websocket):
    await websocket.accept()
    await websocket.send_text('{"type": "system", "content": "Connected to chat server"}')
    try:
        while True:
            frame = json.loads(await websocket.receive_text())
            if frame["type"] == "ping":
                await websocket.send_text(json.dumps({"type": "pong", "timestamp": frame["timestamp"]}))
            else:
                answer = await relay(websocket, frame["content"])
                await websocket.send_text(json.dumps({"type": "chat", "role": "assistant", "content": answer}))
    except WebSocketDisconnect:
        pass


async def relay(websocket, question):
    if not sessions:
        sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
    url = os.environ["DIFY_API_URL"] + "/chat-messages"
    body = {"inputs": {}, "query": question, "response_mode": "streaming", "user": "user"}
    answer = ""
    async with sessions[0].post(url, json=body) as response:
        async for line in response.content:
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
                if event["event"] == "message":
                    answer += event["answer"]
                    await websocket.send_text(json.dumps({"type": "chat_delta", "content": event["answer"]}))
    return answer


app = Starlette(routes=[WebSocketRoute("/ws/chat", chat), WebSocketRoute("/ws/chat/{client_id}", chat)])
