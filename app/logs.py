"""One JSON object a line on stderr, of this program and of its libraries; no message of an error, no text."""

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

_SHARED: tuple[Processor, ...] = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
)


def configure_logs(level: str) -> None:
    """What this program says itself."""
    structlog.configure(
        processors=[*_SHARED, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def take_over_libraries(level: str) -> None:
    """What uvicorn and the others say, in the same form. For a program, not for a test's process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _describe_error,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def described(error: BaseException) -> dict[str, Any]:
    """Where it happened and what kind it was; not its message, which may quote a person's text."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    trace = []
    frame = error.__traceback__
    while frame is not None:
        trace.append(f"{frame.tb_frame.f_globals.get('__name__', '?')}:{frame.tb_lineno}")
        frame = frame.tb_next
    return {"kind": type(error).__name__, "trace": trace[-8:]}


def _describe_error(_: Any, __: str, event: EventDict) -> EventDict:
    """A traceback of the standard library ends with the error's message, so it is left out."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event.update(described(error))
    return event
