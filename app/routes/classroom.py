"""What the teacher shows or covers on every screen. Display only: the curtain stops nothing."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict

from app.routes.class_screens import Blur, Kept, Switch
from app.routes.dependencies import SiteDep, TeacherDep
from app.routes.site import Site

router = APIRouter(prefix="/api/class")


class ClassroomRequest(BaseModel):
    """Only what is named changes."""

    model_config = ConfigDict(extra="forbid")

    curtain: Switch | None = None
    note: Switch | None = None
    blur: Blur | None = None


@router.get("")
async def classroom(
    site: SiteDep,
    x_client: Annotated[str, Header(max_length=64)] = "",
    x_teacher: Annotated[str, Header(max_length=200)] = "",
) -> dict[str, Any]:
    """Every page asks again and again, which tells who is here. The teacher is not counted."""
    if x_client and not x_teacher:
        site.attendance.look(x_client)
    return class_state(site)


@router.post("")
async def change(body: ClassroomRequest, site: SiteDep, _: TeacherDep) -> dict[str, Any]:
    """For the teacher only."""
    changed = body.model_dump(exclude_none=True)
    site.screens.curtain = changed.pop("curtain", site.screens.curtain)
    if changed:
        site.screens.keep(Kept.model_validate({**site.screens.kept.model_dump(), **changed}))
    return class_state(site)


def class_state(site: Site) -> dict[str, Any]:
    """What screens show, and how soon to ask again: between `ask_again_seconds` and twice that."""
    return {**site.screens.shown(), "ask_again_seconds": site.attendance.ask_again_seconds()}
