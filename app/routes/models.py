"""What can be loaded, what is loaded, how far a load has come, and who may switch."""

from typing import Any

from fastapi import APIRouter

from app.host import ModelHost
from app.network import is_open_to_others
from app.routes.dependencies import HostDep, SettingsDep, SwitchDep
from app.routes.schemas import LoadRequest
from app.settings import Settings

router = APIRouter(prefix="/api/models")


@router.get("")
async def models(host: HostDep, settings: SettingsDep) -> dict[str, Any]:
    return state_of(host, settings)


@router.post("/load", status_code=202)
async def load(body: LoadRequest, host: HostDep, settings: SettingsDep, _: SwitchDep) -> dict[str, Any]:
    """Begin to switch; the running model answers until the new one is ready. Poll `GET /api/models`.

    On a server that others can reach this is for the teacher only.
    """
    host.load(body.name)
    return state_of(host, settings)


def state_of(host: ModelHost, settings: Settings) -> dict[str, Any]:
    """`switch` is who may load another model: `anyone`, or the `teacher` where others can come in."""
    return host.state() | {"switch": "teacher" if is_open_to_others(settings) else "anyone"}
