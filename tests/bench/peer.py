"""Another completions server, as llama-server answers, with faults to order."""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from app.routes.site import open_site
from app.settings import Settings
from tests.site import OneModel


def peer(*, fault: str = "", after: int = 0, owned_by: str = "llamacpp", usage: bool = True) -> FastAPI:
    """`fault` ("error", "vanish", "cut", "stall", "models") shows from the request after `after` good ones on."""
    app = FastAPI()
    app.state.bodies = []
    app.state.site = open_site(Settings(), OneModel(None))

    @app.get("/v1/models")
    async def models() -> Response:
        if fault == "models":
            return Response("<html>", media_type="text/html")
        return JSONResponse({"data": [{"id": "gemma.gguf", "owned_by": owned_by}]})

    @app.post("/v1/completions")
    async def completions(request: Request) -> Response:
        body = await request.json()
        app.state.bodies.append(body)
        broken = fault if len(app.state.bodies) > after else ""
        if broken == "error":
            return JSONResponse({"error": {"code": 500, "message": "out of \x1b[1mslots"}}, 500)
        return StreamingResponse(chunks(body["max_tokens"], broken), media_type="text/event-stream")

    async def chunks(tokens: int, broken: str) -> AsyncIterator[str]:
        for number in range(tokens):
            if broken and number == 1:
                if broken == "stall":
                    await asyncio.sleep(60)
                if broken == "vanish":
                    raise ConnectionResetError("gone")
                return
            entry = {"content": [{"token": " a", "logprob": -1.0}]}
            yield sse(choices=[{"index": 0, "text": " a", "logprobs": entry, "finish_reason": None}])
            await asyncio.sleep(0.001)
        last = {"choices": [{"index": 0, "text": "", "logprobs": None, "finish_reason": "length"}]}
        yield sse(**last, **({"usage": {"completion_tokens": tokens}} if usage else {}))
        yield "data: [DONE]\n\n"

    return app


def sse(**fields) -> str:
    return f"data: {json.dumps(fields)}\n\n"
