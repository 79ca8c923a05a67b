"""What the teacher shows or covers on every screen: a curtain, a note about content, words to blur.

Display only, in memory only: the curtain covers screens and stops nothing.
"""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.routes.dependencies import SiteDep, TeacherDep
from app.routes.schemas import well_formed

MAX_BLURRED = 200
MAX_BLURRED_CHARACTERS = 64

router = APIRouter(prefix="/api/class")

Switch = Annotated[bool, Field(strict=True)]
BlurredWord = Annotated[
    str, Field(strict=True, min_length=1, max_length=MAX_BLURRED_CHARACTERS), BeforeValidator(well_formed)
]


class ClassroomRequest(BaseModel):
    """Only what is named changes."""

    model_config = ConfigDict(extra="forbid")

    curtain: Switch | None = None
    note: Switch | None = None
    blur: Annotated[list[BlurredWord], Field(max_length=MAX_BLURRED)] | None = None


@router.get("")
async def classroom(site: SiteDep) -> dict[str, Any]:
    return asdict(site.classroom)


@router.post("")
async def change(body: ClassroomRequest, site: SiteDep, _: TeacherDep) -> dict[str, Any]:
    """For the teacher only."""
    state = site.classroom
    if body.curtain is not None:
        state.curtain = body.curtain
    if body.note is not None:
        state.note = body.note
    if body.blur is not None:
        state.blur = tuple(body.blur)
    return asdict(state)
