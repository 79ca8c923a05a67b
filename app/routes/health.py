"""Is it alive, can it serve, and how busy is it."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.routes.dependencies import EngineDep, MetricsDep

router = APIRouter()


@router.get("/livez")
async def alive() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz")
async def ready(engine: EngineDep) -> dict[str, str]:
    """503 with the progress in its message until a model can answer: asking for the engine says so."""
    return {"status": "ready", "model": engine.name}


@router.get("/metrics")
async def metrics(metrics: MetricsDep) -> Response:
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
