"""What handlers ask for, as typed aliases, so that a signature reads like a sentence."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Request

from app.engine.contract.interface import Engine
from app.engine.contract.params import TEACHER
from app.experiments.shared_runs import SharedRuns
from app.host import ModelHost
from app.library.library import Library
from app.model_pool import Loaded
from app.network import is_open_to_others
from app.routes.admission import ADDRESS, TAB, Admission
from app.routes.metrics import Metrics
from app.routes.site import Site, site_of
from app.settings import Settings
from app.tokenization.tokenizer import Tokenizer
from app.tokenization.workers import TokenizerWorkers


async def _site(request: Request) -> Site:
    return site_of(request.app)


SiteDep = Annotated[Site, Depends(_site)]


async def _settings(site: SiteDep) -> Settings:
    return site.settings


async def _host(site: SiteDep) -> ModelHost:
    return site.host


async def _metrics(site: SiteDep) -> Metrics:
    return site.metrics


async def _runs(site: SiteDep) -> SharedRuns:
    return site.runs


async def _library(site: SiteDep) -> Library:
    return site.library


async def _admission(site: SiteDep) -> Admission:
    return site.admission


SettingsDep = Annotated[Settings, Depends(_settings)]
HostDep = Annotated[ModelHost, Depends(_host)]
MetricsDep = Annotated[Metrics, Depends(_metrics)]
AdmissionDep = Annotated[Admission, Depends(_admission)]


async def _model(host: HostDep) -> AsyncIterator[Loaded]:
    """Until the reply is over no switch closes it, and all of a request has the same one."""
    async with host.lease() as model:
        yield model


ModelDep = Annotated[Loaded, Depends(_model)]


async def _engine(model: ModelDep) -> Engine:
    return model.engine


async def _tokenizer(model: ModelDep) -> Tokenizer:
    return model.tokenizer


async def _workers(host: HostDep) -> TokenizerWorkers:
    return host.encodings.workers


async def _is_teacher(request: Request, x_teacher: Annotated[str, Header(max_length=200)] = "") -> bool:
    """A wrong secret is refused wherever it is sent; none at all is a student."""
    if x_teacher:
        _check_teacher(request, x_teacher)
    return bool(x_teacher)


async def _teacher(request: Request, x_teacher: Annotated[str, Header(max_length=200)] = "") -> None:
    _check_teacher(request, x_teacher)


async def _may_switch(
    request: Request, settings: SettingsDep, x_teacher: Annotated[str, Header(max_length=200)] = ""
) -> None:
    """All have the same model: the teacher chooses it, or anyone at a machine that is closed to others."""
    if x_teacher or is_open_to_others(settings):
        _check_teacher(request, x_teacher)


def _check_teacher(request: Request, secret: str) -> None:
    site_of(request.app).teacher.check(secret, _address(request))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


async def _client(
    request: Request,
    is_teacher: Annotated[bool, Depends(_is_teacher)],
    x_client: Annotated[str, Header(max_length=64)] = "",
) -> str:
    """The client that takes turns: a tab, by the random id it sends, or else the address of the request."""
    if is_teacher:
        return TEACHER
    return f"{TAB}{x_client}" if x_client else f"{ADDRESS}{_address(request)}"


SharedRunsDep = Annotated[SharedRuns, Depends(_runs)]
LibraryDep = Annotated[Library, Depends(_library)]
EngineDep = Annotated[Engine, Depends(_engine)]
TokenizerDep = Annotated[Tokenizer, Depends(_tokenizer)]
WorkersDep = Annotated[TokenizerWorkers, Depends(_workers)]
ClientDep = Annotated[str, Depends(_client)]
TeacherDep = Annotated[None, Depends(_teacher)]  # refuses a request without the secret
SwitchDep = Annotated[None, Depends(_may_switch)]


async def _place(admission: AdmissionDep, client: ClientDep) -> AsyncIterator[None]:
    with admission.place(client):
        yield


async def _text_place(site: SiteDep, client: ClientDep) -> AsyncIterator[None]:
    with site.text_admission.place(client):
        yield


# First of a route's dependencies: the rest has not begun when it refuses.
PLACE = Depends(_place)
TEXT_PLACE = Depends(_text_place)  # for work on texts alone: a tab may do it while it waits for the model
