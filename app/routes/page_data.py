"""What a page's scripts work with: its example, its presets and what they gave, and its sentences.

That is up to 350 KB, so it is not in the page: the browser gets it once, compressed, and later only asks
whether it is still the same.
"""

import hashlib
from dataclasses import asdict
from functools import cache
from typing import Any
from urllib.parse import quote

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.errors import NotFound
from app.pages.presets import Measurement, measured_models, read_example, read_measurement, read_presets
from app.pages.registry import BY_NAME
from app.routes.localisation import LANGUAGES, Language, messages
from app.routes.modules import FRAME, modules_of, script_of
from app.wire import json_bytes

NOT_MEASURED = "-"


def address(page: str, measurement: Measurement | None) -> str:
    return f"/page-data/{page}/{quote(measurement.model if measurement else NOT_MEASURED)}"


def messages_address(page: str, language: Language) -> str:
    return f"/page-messages/{page}/{language}"


async def page_data(request: Request) -> Response:
    """`{example, presets, measurement}`."""
    page, model = request.path_params["page"], request.path_params["model"]
    if page not in BY_NAME or model not in (NOT_MEASURED, *measured_models(page)):
        raise NotFound("no such page, or nothing was measured on that model for it")
    return _kept(request, *_data(page, model))


async def page_messages(request: Request) -> Response:
    """The sentences of its scripts; see static/js/base/i18n.js."""
    page, language = request.path_params["page"], request.path_params["language"]
    if page not in BY_NAME or language not in LANGUAGES:
        raise NotFound("no such page, or not in that language")
    return _kept(request, *_messages(page, language))


def _kept(request: Request, body: bytes, etag: str) -> Response:
    """304 where the browser has it."""
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@cache
def _data(page: str, model: str) -> tuple[bytes, str]:
    measurement = None if model == NOT_MEASURED else read_measurement(page, model)
    return _tagged(
        {
            "example": read_example(page),
            "presets": [asdict(preset) for preset in read_presets(page)],
            "measurement": asdict(measurement) if measurement else None,
        }
    )


@cache
def _messages(page: str, language: Language) -> tuple[bytes, str]:
    return _tagged(messages(language, page, modules_of(FRAME, script_of(BY_NAME[page]))))


def _tagged(data: Any) -> tuple[bytes, str]:
    body = json_bytes(data)
    return body, f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


_COMPRESSED = [Middleware(GZipMiddleware, minimum_size=1024)]
routes = (
    Route("/page-data/{page}/{model}", page_data, middleware=_COMPRESSED),
    Route("/page-messages/{page}/{language}", page_messages, middleware=_COMPRESSED),
)
