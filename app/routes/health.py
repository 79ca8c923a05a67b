"""Is it alive, can it serve, and how busy is it."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.routes.dependencies import AdmissionDep, EngineDep, MetricsDep

router = APIRouter()


@router.get("/livez")
async def alive() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz")
async def ready(admission: AdmissionDep, engine: EngineDep) -> dict[str, str]:
    """503 with the reason: still loading (asking for the engine says so), being stopped, or broken."""
    admission.check_open()
    engine.check_alive()
    return {"status": "ready", "model": engine.name}


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(metrics: MetricsDep) -> Response:
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
