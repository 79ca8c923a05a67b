"""The web: one file per resource, each parses, calls and serialises."""

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from app.logs import configure_logs
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
from app.routes.errors import ERROR_REPLIES, UnexpectedErrors, install_handlers
from app.routes.limits import describe_limits
from app.routes.request_log import RequestLog
from app.routes.security import Guard, SecurityHeaders, allowed_hosts, content_security_policy
from app.routes.site import site_of
from app.routes.static import Assets


def install(app: FastAPI) -> None:
    """Routes, error handlers and middleware; the middleware added last meets a request first."""
    settings = site_of(app).settings
    configure_logs(settings.log_level)
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
