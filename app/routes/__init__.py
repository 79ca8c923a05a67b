"""The web: one file per resource, each parses, calls and serialises."""

import time

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from app.engine.contract.outputs import EngineStats
from app.errors import ModelNotReady
from app.experiments.shared_runs import SharedRuns
from app.library.library import Library
from app.logs import configure_logs
from app.network import class_addresses
from app.pages.regurgitation.passages import passages
from app.paths import STATIC
from app.routes import (
    classroom,
    completions,
    experiments,
    health,
    models,
    next_token,
    openai,
    page_data,
    pages,
    score,
    status,
    tokens,
    trace,
)
from app.routes.admission import Admission
from app.routes.classroom import Classroom
from app.routes.errors import ERROR_REPLIES, UnexpectedErrors, install_handlers
from app.routes.limits import describe_limits
from app.routes.metrics import Metrics
from app.routes.request_log import RequestLog
from app.routes.security import Guard, SecurityHeaders, allowed_hosts, content_security_policy
from app.routes.static import Assets
from app.routes.teacher import TeacherLane
from app.settings import Settings
from app.tokenization.workers import TEXT_THREADS

_TEXTS = (
    8  # times as many as of the model's: a page cuts one text in ten languages, and again while it is typed
)


def install(app: FastAPI) -> None:
    """Routes, error handlers and middleware; the middleware added last meets a request first."""
    settings: Settings = app.state.settings
    configure_logs(settings.log_level)
    app.state.started_at = time.monotonic()
    app.state.addresses = class_addresses(settings)  # once: the guard lets in what the page shows
    app.state.classroom = Classroom()
    app.state.teacher = TeacherLane(settings.teacher_secret.get_secret_value())
    app.state.admission = Admission(settings.slots, settings.queue, settings.per_client)
    app.state.text_admission = Admission(TEXT_THREADS, settings.queue, _TEXTS * settings.per_client)
    app.state.runs = SharedRuns()
    app.state.library = Library(STATIC / "vendor" / "library", passages)
    app.state.metrics = Metrics(lambda: _stats(app))
    install_handlers(app)
    for resource in (
        models,
        tokens,
        next_token,
        score,
        completions,
        experiments,
        trace,
        openai,
        classroom,
        status,
        health,
        pages,
    ):
        app.include_router(resource.router, responses=ERROR_REPLIES)
    app.router.routes.extend(page_data.routes)
    describe_limits(app)
    app.mount("/static", GZipMiddleware(Assets(directory=STATIC), minimum_size=1024, compresslevel=6))
    app.add_middleware(Guard, hosts=allowed_hosts(settings), public_address=settings.public_address)
    app.add_middleware(UnexpectedErrors)
    app.add_middleware(RequestLog)
    app.add_middleware(SecurityHeaders, policy=content_security_policy(pages.import_map_hash()))


def _stats(app: FastAPI) -> EngineStats | None:
    try:
        stats: EngineStats = app.state.host.engine.stats()
    except ModelNotReady:
        return None
    return stats
