"""What one site keeps while it runs: one typed object, in `app.state.site`."""

import time
from dataclasses import dataclass, field

from fastapi import FastAPI

from app.engine.contract.outputs import EngineStats
from app.errors import ModelNotReady
from app.experiments.shared_runs import SharedRuns
from app.host import ModelHost
from app.library.library import Library
from app.network import class_addresses
from app.pages.regurgitation.passages import passages
from app.paths import STATIC
from app.routes.admission import Admission
from app.routes.class_screens import Attendance, Screens
from app.routes.metrics import Metrics
from app.routes.teacher import TeacherLane
from app.settings import Settings
from app.tokenization.workers import TEXT_THREADS

_TEXTS = 8  # texts for each request to the model: a page cuts one in ten languages, and again at each key


@dataclass(frozen=True, slots=True)
class Site:
    """The fields stay; what is behind them counts, runs and ends."""

    settings: Settings
    host: ModelHost
    addresses: list[str]  # read once: the guard lets in what the page shows
    teacher: TeacherLane
    admission: Admission  # to the model
    text_admission: Admission  # to work on texts alone
    library: Library
    metrics: Metrics
    screens: Screens
    attendance: Attendance = field(default_factory=Attendance)
    runs: SharedRuns = field(default_factory=SharedRuns)
    started_at: float = field(default_factory=time.monotonic)  # seconds of the monotonic clock


def open_site(settings: Settings, host: ModelHost) -> Site:
    """A site on which nothing has happened yet."""
    return Site(
        settings=settings,
        host=host,
        addresses=class_addresses(settings),
        teacher=TeacherLane(settings.teacher_secret.get_secret_value()),
        admission=Admission(settings.slots, settings.queue, settings.per_client),
        text_admission=Admission(TEXT_THREADS, settings.queue, _TEXTS * settings.per_client),
        library=Library(STATIC / "vendor" / "library", passages),
        metrics=Metrics(lambda: _stats(host)),
        screens=Screens(settings.state_dir),
    )


def site_of(app: FastAPI) -> Site:
    """The site that an application serves."""
    site: Site = app.state.site
    return site


def _stats(host: ModelHost) -> EngineStats | None:
    try:
        return host.engine.stats()
    except ModelNotReady:
        return None
