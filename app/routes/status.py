"""The teacher's page: running and waiting requests and the machine's load, without a word of any text."""

import hashlib
import secrets
import time
from typing import Any

import psutil
from fastapi import APIRouter

from app.engine.contract.outputs import EngineStats, RequestStatus
from app.engine.contract.params import TEACHER
from app.errors import ModelNotReady
from app.host import ModelHost
from app.routes.dependencies import SiteDep, TeacherDep

router = APIRouter()

_LABEL_KEY = secrets.token_bytes(16)  # of this run of the server: labels lead nowhere afterwards


@router.get("/api/status")
async def status(site: SiteDep, _: TeacherDep) -> dict[str, Any]:
    """For the teacher only. `client` is a label that tells tabs apart and identifies no person.

    `present` counts the tabs that show one of the pages now, beside the teacher's own.
    """
    site.attendance.steer()
    stats, requests = _engine(site.host)
    return {
        "present": site.attendance.present(),
        "running": [
            {
                "client": _label(each.client),
                "kind": each.kind,
                "tokens": each.tokens,
                "seconds": round(each.seconds, 1),
            }
            for each in requests
            if each.position == 0
        ],
        "waiting": [
            {
                "client": _label(each.client),
                "position": each.position,
                "seconds": round(each.seconds, 1),
            }
            for each in requests
            if each.position
        ],
        "slots": site.settings.slots,
        "queue": site.settings.queue,
        "tokens_per_second": round(stats.tokens_per_second, 1) if stats else 0.0,
        "memory_bytes": psutil.Process().memory_info().rss,
        "cores": _cores(stats),
        "addresses": site.addresses,
        "uptime_seconds": round(time.monotonic() - site.started_at, 1),
    }


def _cores(stats: EngineStats | None) -> dict[str, Any] | None:
    if stats is None or stats.cores is None:
        return None
    return {
        "count": stats.cores.count,
        "others": round(stats.cores.others, 1),
        "threads": stats.cores.threads,
        "crowded": stats.cores.crowded,
    }


def _engine(host: ModelHost) -> tuple[EngineStats | None, list[RequestStatus]]:
    try:
        return host.engine.stats(), host.engine.requests()
    except ModelNotReady:
        return None, []


def _label(client: str) -> str:
    if client == TEACHER:
        return TEACHER
    return hashlib.blake2b(client.encode(), digest_size=3, key=_LABEL_KEY).hexdigest()
