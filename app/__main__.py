"""`python -m app`: serve the playground, fetch a model, list them, or look at this machine."""

import logging
import os
import socket
import sys
import threading
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from app.errors import PlaygroundError
from app.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from rich.progress import Progress as RichProgress

_MODEL = "MODEL"


class EngineName(StrEnum):
    LOCAL = "local"
    FAKE = "fake"


class Device(StrEnum):
    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class NumberFormat(StrEnum):
    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


class _ServeByDefault(typer.core.TyperGroup):
    """`python -m app --lan` is `python -m app serve --lan`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "-h")):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_ServeByDefault,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="See what a base language model really is. Without a command: serve.",
)


@app.command()
def serve(
    model: Annotated[
        str | None, typer.Option(help="A name from `models`, or a folder.", metavar=_MODEL)
    ] = None,
    engine: Annotated[
        EngineName | None, typer.Option(help="`fake` needs no model and is up in a second.")
    ] = None,
    exact: Annotated[bool | None, typer.Option("--exact", help="float32, nothing quantised.")] = None,
    device: Annotated[Device | None, typer.Option(help="Where the model runs.")] = None,
    dtype: Annotated[NumberFormat | None, typer.Option(help="Number format of the weights.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.")] = None,
    lan: Annotated[bool | None, typer.Option("--lan", help="Let everybody on this network in.")] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Start again when a file changes.")] = False,
) -> None:
    """Serve the playground."""
    options = {
        "model": model,
        "engine": engine,
        "exact": exact,
        "device": device,
        "dtype": dtype,
        "host": host,
        "port": port,
        "lan": lan,
    }
    settings = _settings({name: _plain(value) for name, value in options.items() if value is not None})
    if settings.lan and host is None:
        settings = settings.model_copy(update={"host": "0.0.0.0"})
    if reload:
        _serve_reloading(settings)
    else:
        _serve(settings)


@app.command()
def fetch(name: Annotated[str, typer.Argument(help="A name from `models`.")]) -> None:
    """Fetch a model now, so that no lesson waits for it."""
    from app.engine import weights
    from app.engine.catalog import read_catalog
    from app.paths import MODELS

    settings = _settings({})
    try:
        catalog = read_catalog(MODELS)
        if name not in catalog:
            _fail(f"there is no model {name}; there are {', '.join(catalog)}")
        manifest = catalog[name]
        terminal = _Terminal()
        with terminal:
            folder = weights.fetch(manifest, settings.weights_dir, terminal.show)
    except PlaygroundError as error:
        _fail(error.message)
    except KeyboardInterrupt:
        _fail(f"stopped; `python -m app fetch {name}` goes on from here")
    print(f"{manifest.title} is in {folder}")
    print(f"Licence: {manifest.licence}, {manifest.licence_url}")


@app.command()
def models() -> None:
    """List the models, and which are on disk."""
    from app.engine import weights
    from app.engine.catalog import read_catalog
    from app.paths import MODELS

    settings = _settings({})
    try:
        catalog = read_catalog(MODELS)
    except PlaygroundError as error:
        _fail(error.message)
    width = max(map(len, catalog))
    for manifest in catalog.values():
        there = "on disk" if weights.have(manifest, settings.weights_dir) else f"from {manifest.source.label}"
        size = f"{manifest.parameters / 1e6:,.0f}M"
        default = "  (default)" if manifest.name == settings.model else ""
        print(f"{manifest.name:{width}}  {size:>6}  {manifest.kind:8}  {there}{default}")


@app.command()
def doctor() -> None:
    """Look at this machine and say what to do before a lesson."""
    from app.doctor import examine

    try:
        findings = examine(_settings({}))
    except PlaygroundError as error:
        _fail(error.message)
    for finding in findings:
        advice = f": {finding.advice}" if finding.advice else ""
        print(f"{finding.level:8}{finding.what}{advice}")
    if any(finding.level == "problem" for finding in findings):
        raise typer.Exit(1)


def application() -> "FastAPI":
    """What --reload starts again and again; the settings come through the environment."""
    from app.main import create_app

    return create_app(Settings())


def main() -> None:
    """The console script `playground`."""
    app()


def _settings(options: dict[str, Any]) -> Settings:
    try:
        return Settings(**options)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        _fail("a setting is not allowed: " + "; ".join(lines))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, StrEnum) else value


def _fail(message: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    raise typer.Exit(1)


def _serve(settings: Settings) -> None:
    from app.doctor import listen, port_sentence

    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        _fail(f"{port_sentence(settings, error)}; end that program, or choose another with --port")
    with listener:
        _run(settings.model_copy(update={"port": listener.getsockname()[1]}), listener)


def _run(settings: Settings, listener: socket.socket) -> None:
    import uvicorn

    from app.host import ModelHost
    from app.main import create_app

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        host = ModelHost(settings)
        application = create_app(settings, host)
    except PlaygroundError as error:
        _fail(error.message)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                _announce(settings)
                threading.Thread(target=_follow, args=(host,), name="terminal", daemon=True).start()

    config = uvicorn.Config(
        application,
        http="h11",
        ws="none",
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )
    Server(config).run(sockets=[listener])


def _serve_reloading(settings: Settings) -> None:
    """For working on the playground: the settings travel to the child through the environment."""
    import uvicorn

    for name in ("model", "engine", "exact", "device", "dtype", "host", "port", "lan"):
        os.environ[f"PLAYGROUND_{name.upper()}"] = str(getattr(settings, name))
    _announce(settings)
    folder = Path(__file__).resolve().parent
    uvicorn.run(
        "app.__main__:application",
        factory=True,
        host=settings.host,
        port=settings.port,
        reload=True,
        reload_dirs=[str(folder), str(folder.parent / "templates")],
        http="h11",
        ws="none",
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )


def _announce(settings: Settings) -> None:
    """Where the playground is. Printed only when somebody already listens there."""
    local = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    print(
        f"Base Model Playground: http://{f'[{local}]' if ':' in local else local}:{settings.port}", flush=True
    )
    if settings.host in ("0.0.0.0", "::"):
        print(
            "\n  OPEN TO THE NETWORK: everybody on it can use this playground, without a password.",
            flush=True,
        )
        for address in lan_addresses():
            print(f"  Students open  http://{address}:{settings.port}", flush=True)
        print(flush=True)


def lan_addresses() -> list[str]:
    """This machine's addresses on its networks, the one that leads out first. Sends nothing."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(
                ("192.0.2.1", 9)
            )  # an address for documentation, RFC 5737; a datagram socket sends nothing
            found.append(str(probe.getsockname()[0]))
        except OSError:
            pass
    try:
        found += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    except OSError:
        pass
    return [address for address in dict.fromkeys(found) if not address.startswith("127.")]


def _follow(host: Any) -> None:
    """Show in the terminal how far the model is, until it answers or cannot."""
    terminal = _Terminal()
    with terminal:
        while (state := host.state())["state"] == "loading":
            if task := state["task"]:
                terminal.show(task["stage"], task["fraction"], task["message"])
            threading.Event().wait(0.2)
    if state["state"] == "ready":
        where = ", ".join(each for each in state["engine"].values() if each != "none")
        print(f"{state['loaded']['title']} is ready ({where}).", flush=True)
    elif state["error"]:
        print(f"error: {state['error']['message']}", file=sys.stderr, flush=True)


class _Terminal:
    """A progress bar where there is a terminal, a line at each new stage where there is none."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._task: Any = None
        self._stage = ""

    def __enter__(self) -> "_Terminal":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn()
            text = TextColumn("{task.description}", markup=False)
            self._bar = Progress(*columns, text, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, stage: str, fraction: float | None, message: str) -> None:
        if self._bar:
            if self._task is None:
                self._task = self._bar.add_task(message, total=1.0)
            self._bar.update(self._task, description=message, completed=fraction or 0.0, refresh=True)
        elif stage != self._stage:
            print(message, file=sys.stderr, flush=True)
        self._stage = stage


if __name__ == "__main__":
    main()
