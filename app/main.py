"""Wiring, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.host import ModelHost
from app.routes import install
from app.routes.site import open_site
from app.settings import Settings


def create_app(settings: Settings, host: ModelHost | None = None) -> FastAPI:
    """The whole site. The model loads in the background; pages are served at once."""
    host = host or ModelHost(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        host.start()
        yield
        host.close()

    app = FastAPI(title="Base Model Playground", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.site = open_site(settings, host)
    install(app)
    return app
