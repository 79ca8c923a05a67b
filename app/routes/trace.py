"""Where a text's words are found in the library of this site. No model is asked, so none need be loaded."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.library.tracer import SHORTEST
from app.routes.dependencies import TEXT_PLACE, LibraryDep
from app.routes.disconnect import while_connected

MAX_CHARACTERS = 20_000

router = APIRouter()


class TraceRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, Field(max_length=MAX_CHARACTERS)]


@router.post("/api/trace", dependencies=[TEXT_PLACE])
async def trace(body: TraceRequest, request: Request, library: LibraryDep) -> dict[str, Any]:
    """Spans with their sources, the rarest first; the first request waits while the library is read."""
    found = await while_connected(request, asyncio.to_thread(library.trace, body.text))
    return {
        **asdict(found),
        "shortest": SHORTEST,
        "library": {
            "texts": sum(holding.texts for holding in library.holdings),
            "words": sum(holding.words for holding in library.holdings),
            "collections": [asdict(holding) for holding in library.holdings],
            "missing": library.missing,
        },
    }
