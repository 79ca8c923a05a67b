"""What can be loaded, what is loaded, and how far a load has come."""

from typing import Any

from fastapi import APIRouter

from app.routes.dependencies import HostDep
from app.routes.schemas import LoadRequest

router = APIRouter(prefix="/api/models")


@router.get("")
async def models(host: HostDep) -> dict[str, Any]:
    return host.state()


@router.post("/load", status_code=202)
async def load(body: LoadRequest, host: HostDep) -> dict[str, Any]:
    """Begin to switch; the running model answers until the new one is ready. Poll `GET /api/models`."""
    host.load(body.name)
    return host.state()
