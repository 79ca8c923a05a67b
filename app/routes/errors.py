"""The one error shape, `{"error": {"code", "message", "param"?}}`, with nothing a person wrote in it."""

import math
from collections.abc import Sequence
from typing import Any, get_args

import anyio
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import ModelNotReady, OutOfMemory, Overloaded, PlaygroundError, filled
from app.logs import described
from app.routes.disconnect import ReaderLeft
from app.routes.site import site_of

_TEXT = {"type": "string"}
_ERROR = {
    "type": "object",
    "required": ["code", "message"],
    "properties": dict.fromkeys(("code", "message", "param", "sentence"), _TEXT)
    | {"values": {"type": "object"}},
}
_REPLY = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": _ERROR},
    "additionalProperties": False,
}
_CONTENT = {"application/json": {"schema": _REPLY}}
ERROR_REPLIES: dict[int | str, dict[str, Any]] = {  # for /openapi.json
    "4XX": {"content": _CONTENT, "description": "What was asked is not allowed, or not now"},
    "5XX": {"content": _CONTENT, "description": "The server cannot answer, or not yet"},
}

log = structlog.get_logger()

INTERNAL = "something went wrong on the server; the request was not completed"
_RETRY_SECONDS = 2
_CLIENT_CLOSED_REQUEST = 499  # nginx's number; the client has left
_CODES = {
    400: ("bad_request", "the request could not be read"),
    404: ("not_found", "there is nothing at this address"),
    405: ("method_not_allowed", "this address does not take that method"),
    413: ("body_too_large", "the request body is too large"),
}
_LARGEST_SHOWN = 2**63  # longer numbers say nothing to a reader


def error_response(
    status: int,
    code: str,
    sentence: str,
    param: str | None = None,
    headers: dict[str, str] | None = None,
    *,
    values: dict[str, int | str] | None = None,
) -> JSONResponse:
    error: dict[str, Any] = {"code": code, "message": filled(sentence, values or {})}
    if values:
        error |= {"sentence": sentence, "values": values}
    if param is not None:
        error["param"] = param
    return JSONResponse({"error": error}, status, headers)


def install_handlers(app: FastAPI) -> None:
    app.add_exception_handler(PlaygroundError, _playground_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ReaderLeft, _reader_left)


class UnexpectedErrors:
    """ASGI middleware: an unforeseen exception is a 500 that tells nothing, and a line in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if scope["type"] != "http":
                raise
            if started and _reader_is_gone(error):
                return
            log_unexpected(error)
            if not started:
                await error_response(500, "internal", INTERNAL)(scope, receive, send)


def _reader_is_gone(error: BaseException) -> bool:
    """FastAPI's event streams end so when their reader leaves between two events."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return isinstance(error, anyio.BrokenResourceError | anyio.ClosedResourceError)


def log_unexpected(error: BaseException) -> None:
    log.error("unexpected_error", **described(error))


async def _playground_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PlaygroundError)
    if not error.counted:
        _count_rejected(request)
    headers = {}
    if isinstance(error, Overloaded):
        headers["Retry-After"] = str(error.retry_after)
    elif isinstance(error, ModelNotReady | OutOfMemory):
        headers["Retry-After"] = str(_RETRY_SECONDS)
    return error_response(error.status, error.code, error.sentence, error.param, headers, values=error.values)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code, message = _CODES.get(error.status_code, ("http_error", "the request was refused"))
    headers = dict(error.headers or {})
    methods = request.app.openapi()["paths"].get(request.url.path)
    if error.status_code == 405 and methods:  # starlette names one route's, and there may be two
        headers["Allow"] = ", ".join(sorted(map(str.upper, methods)))
    return error_response(error.status_code, code, message, None, headers)


async def _reader_left(_: Request, __: Exception) -> Response:
    return Response(status_code=_CLIENT_CLOSED_REQUEST)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    _count_rejected(request)
    body = request.scope["route"].body_field
    problem = error.errors()[0]
    param, message = _describe(problem, body and body.field_info.annotation)
    if param and problem["type"] == "value_error":  # our own words, which the catalogues know
        allowed = problem["msg"].removeprefix("Value error, ")
        return error_response(422, "bad_request", "{field}: " + allowed, param, values={"field": param})
    return error_response(422, "bad_request", message, param)


def _count_rejected(request: Request) -> None:
    if request.method == "POST":
        site_of(request.app).metrics.rejected += 1


def _describe(problem: dict[str, Any], body: Any) -> tuple[str | None, str]:
    """The field, its value where that is a number, and what is allowed: `top_p is 2: should be at most 1`.

    `body` is the type of the request's body. Of a field it does not have not even the name is repeated.
    """
    kind, (source, *path) = problem["type"], problem["loc"]
    if kind == "json_invalid":
        return None, "the body is not valid JSON"
    name, fields = _place(path, body) if source == "body" else (str(path[0]), {})
    if kind == "extra_forbidden":
        return name or None, f"a field of {name or 'this request'} is unknown; allowed: {', '.join(fields)}"
    allowed = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if not name and kind == "value_error":  # of fields that do not go together
        return None, allowed
    if not name:
        return None, "the body should be a JSON object, sent as application/json"
    if kind == "missing":
        return name, f"{name} is missing"
    return name, f"{name}{_shown_value(problem.get('input'))}: {allowed}"


def _place(path: Sequence[int | str], body: Any) -> tuple[str, dict[str, FieldInfo]]:
    """What a place in the body is called, and the fields there; whatever is no field's name is left out.

    Example: ("sentences", 2, "typed") of an EvidenceRequest is "sentences[2]", with `text` and `label`.
    """
    name, fields = "", _fields(body)
    for part in path:
        if isinstance(part, int):
            name += f"[{part}]"
        elif part in fields:
            name += f".{part}" if name else part
            fields = _fields(fields[part].annotation)
    return name, fields


def _fields(annotation: Any) -> dict[str, FieldInfo]:
    """Of the models in a type such as `list[Turn] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.model_fields
    return {name: field for part in get_args(annotation) for name, field in _fields(part).items()}


def _shown_value(value: Any) -> str:
    if isinstance(value, bool):
        return f" is {str(value).lower()}"
    if value is None:
        return " is null"
    if isinstance(value, int):
        return f" is {value}" if abs(value) < _LARGEST_SHOWN else " is a number of many digits"
    if isinstance(value, float):
        return f" is {value:g}" if math.isfinite(value) else " is not a finite number"
    return ""
