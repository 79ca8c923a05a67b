"""What handlers ask for, as typed aliases, so that a signature reads like a sentence."""

from typing import Annotated

from fastapi import Depends, Header, Request

from app.engine.contract.interface import Engine
from app.engine.contract.params import TEACHER
from app.experiments.shared_runs import SharedRuns
from app.host import ModelHost
from app.library.library import Library
from app.network import is_open_to_others
from app.routes.metrics import Metrics
from app.routes.teacher import TeacherLane
from app.settings import Settings
from app.tokenization.tokenizer import Tokenizer
from app.tokenization.workers import TokenizerWorkers

TAB, ADDRESS = "tab ", "address "  # how a client's name begins, so that no tab can call itself an address


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _host(request: Request) -> ModelHost:
    host: ModelHost = request.app.state.host
    return host


async def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


SettingsDep = Annotated[Settings, Depends(_settings)]
HostDep = Annotated[ModelHost, Depends(_host)]
MetricsDep = Annotated[Metrics, Depends(_metrics)]


async def _runs(request: Request) -> SharedRuns:
    runs: SharedRuns = request.app.state.runs
    return runs


async def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


async def _engine(host: HostDep) -> Engine:
    return host.engine


async def _tokenizer(host: HostDep) -> Tokenizer:
    return host.tokenizer


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
    lane: TeacherLane = request.app.state.teacher
    lane.check(secret, _address(request))


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
TeacherDep = Annotated[None, Depends(_teacher)]  # refuses everybody else
SwitchDep = Annotated[None, Depends(_may_switch)]
