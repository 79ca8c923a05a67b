"""`python -m app`: serve the playground, fetch a model, list them, look at this machine, or measure it."""

import os
import secrets
import signal
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
from app.terminal import ProgressLine, announce, follow

if TYPE_CHECKING:
    from fastapi import FastAPI

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

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Help lists the options of `serve`, which runs where no command is named."""
        self.commands["serve"].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


app = typer.Typer(
    cls=_ServeByDefault,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="See what a base language model really is. Without a command it serves, with these options.",
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
    threads: Annotated[
        str | None, typer.Option(help="`auto` leaves cores to programs that use them.", metavar="auto|N")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.")] = None,
    lan: Annotated[bool | None, typer.Option("--lan", help="Let everybody on this network in.")] = None,
    public_address: Annotated[
        str | None, typer.Option(help="What the class types, where that is another name.", metavar="URL")
    ] = None,
    ms_per_token: Annotated[float | None, typer.Option(min=0, help="`fake`: how long a step takes.")] = None,
    fail_at: Annotated[int | None, typer.Option(min=0, help="`fake`: every so many steps one fails.")] = None,
    oom_at: Annotated[
        int | None, typer.Option(min=0, help="`fake`: every so many steps, memory runs out.")
    ] = None,
    hang_at: Annotated[int | None, typer.Option(min=0, help="`fake`: every so many steps one hangs.")] = None,
    die_at: Annotated[
        int | None, typer.Option(min=0, help="`fake`: at this step the device is lost.")
    ] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Start again when a Python file changes.")] = False,
) -> None:
    """Serve the playground."""
    options = {
        "model": model,
        "engine": engine,
        "exact": exact,
        "device": device,
        "dtype": dtype,
        "threads": threads,
        "host": host,
        "port": port,
        "lan": lan,
        "public_address": public_address,
        "ms_per_token": ms_per_token,
        "fail_at": fail_at,
        "oom_at": oom_at,
        "hang_at": hang_at,
        "die_at": die_at,
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
    from app.checkpoints import store
    from app.checkpoints.manifests import read_catalog
    from app.paths import MODELS

    settings = _settings({})
    try:
        catalog = read_catalog(MODELS)
        if name not in catalog:
            _fail(f"there is no model {name}; there are {', '.join(catalog)}")
        manifest = catalog[name]
        with ProgressLine() as line:
            folder = store.fetch(manifest, settings.weights_dir, line.show)
    except PlaygroundError as error:
        _fail(error.message)
    except KeyboardInterrupt:
        _fail(f"stopped; `python -m app fetch {name}` begins again")
    typer.echo(f"{manifest.title} is in {folder}")
    typer.echo(f"Licence: {manifest.licence}, {manifest.licence_url}")


@app.command()
def models() -> None:
    """List the models, and which are on disk."""
    from app.checkpoints import store
    from app.checkpoints.manifests import read_catalog
    from app.paths import MODELS

    settings = _settings({})
    try:
        catalog = read_catalog(MODELS)
    except PlaygroundError as error:
        _fail(error.message)
    width = max(map(len, catalog))
    for manifest in catalog.values():
        there = "on disk" if store.have(manifest, settings.weights_dir) else f"from {manifest.source.label}"
        size = f"{manifest.parameters / 1e6:,.0f}M"
        default = "  (default)" if manifest.name == settings.model else ""
        typer.echo(f"{manifest.name:{width}}  {size:>6}  {manifest.kind:8}  {there}{default}")


@app.command()
def presets(
    pages: Annotated[list[str] | None, typer.Argument(help="Only of these; of all otherwise.")] = None,
    model: Annotated[str | None, typer.Option(help="A name from `models`.", metavar=_MODEL)] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Run them, and the pages' examples, and keep what they give.")
    ] = False,
) -> None:
    """List the presets of the pages, or measure them on a model."""
    from app.pages.presets import read_presets
    from app.pages.registry import WITH_PRESETS

    settings = _settings({"model": model} if model else {})
    known = WITH_PRESETS
    if measure:
        from app.measure import MEASURED, measure_pages

        known = MEASURED
    if unknown := set(pages or ()) - set(known):
        _fail(f"there is no page {', '.join(sorted(unknown))} with presets; there are {', '.join(known)}")
    if not measure:
        for page in pages or known:
            for preset in read_presets(page):
                typer.echo(f"{page:14} {preset.id}: {preset.title}")
        return
    try:
        measure_pages(settings, tuple(pages or ()), typer.echo)
    except PlaygroundError as error:
        _fail(error.message)


@app.command("settings")
def list_settings() -> None:
    """Every setting, its environment variable and its default, in Markdown."""
    from app.settings import settings_table

    typer.echo(settings_table(), nl=False)


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
        typer.echo(f"{finding.level:8}{finding.what}{advice}")
    if any(finding.level == "problem" for finding in findings):
        raise typer.Exit(1)


@app.command()
def bench(
    model: Annotated[
        str | None, typer.Option(help="A name from `models`, or a folder.", metavar=_MODEL)
    ] = None,
    engine: Annotated[EngineName | None, typer.Option(help="`fake` measures all but the model.")] = None,
    exact: Annotated[bool | None, typer.Option("--exact", help="float32, nothing quantised.")] = None,
    device: Annotated[Device | None, typer.Option(help="Where the model runs.")] = None,
    dtype: Annotated[NumberFormat | None, typer.Option(help="Number format of the weights.")] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="Another completions server's address; may be repeated.")
    ] = None,
    streams: Annotated[str, typer.Option(help="How many at once, in turn.")] = "1,4,8,16,32",
    tokens: Annotated[int, typer.Option(min=2, max=1024, help="New tokens of each stream.")] = 64,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Rounds; their median counts.")] = 3,
    only: Annotated[list[str] | None, typer.Option(help="One measurement; may be repeated.")] = None,
    long: Annotated[bool, typer.Option("--long", help="1,000 mixed requests as well.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a report with curves here.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the raw numbers here.")] = None,
) -> None:
    """Measure how many students this machine can host, alone or against another server."""
    from app.bench.command import run_bench
    from app.bench.load import Load
    from app.bench.plan import Plan, chosen, stream_counts

    options = {"model": model, "engine": engine, "exact": exact, "device": device, "dtype": dtype}
    settings = _settings({name: _plain(value) for name, value in options.items() if value is not None})
    try:
        names, counts = chosen(only or (), long=long), stream_counts(streams)
        plan = Plan(names, counts, Load(tokens), repeats, tuple(against or ()))
        code = run_bench(settings, plan, html, json)
    except PlaygroundError as error:
        _fail(error.message)
    raise typer.Exit(code)


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
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)


def _serve(settings: Settings) -> None:
    from app.doctor import listen, port_sentence

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the server itself listens for it
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        _fail(f"{port_sentence(settings, error)}; end that program, or choose another with --port")
    with listener:
        _run(settings.model_copy(update={"port": listener.getsockname()[1]}), listener)


def _run(settings: Settings, listener: socket.socket) -> None:
    from app.assets import is_filled
    from app.host import ModelHost
    from app.logs import take_over_libraries
    from app.main import create_app
    from app.paths import STATIC
    from app.server import Server

    if not is_filled(STATIC):
        typer.echo("warning: the browser libraries are missing or old; run `python -m app.assets`", err=True)
    take_over_libraries(settings.log_level)
    try:
        host = ModelHost(settings)
        application = create_app(settings, host)
    except PlaygroundError as error:
        _fail(error.message)

    class AnnouncedServer(Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                announce(settings, application.state.site.teacher.secret)
                threading.Thread(target=follow, args=(host,), name="terminal", daemon=True).start()

    server = AnnouncedServer(application, settings.shutdown_seconds)
    server.run(sockets=[listener])
    if server.engine_dead is not None:
        typer.echo(f"error: {server.engine_dead.message}", err=True)
        os._exit(1)  # a supervisor starts it again; tidying up would ask the dead device


def _serve_reloading(settings: Settings) -> None:
    """For working on the playground: the settings travel to the child through the environment."""
    import uvicorn

    model = ("model", "engine", "exact", "device", "dtype", "threads")
    door = ("host", "port", "lan", "public_address")
    faults = ("ms_per_token", "fail_at", "oom_at", "hang_at", "die_at")
    for name in (*model, *door, *faults):
        os.environ[f"PLAYGROUND_{name.upper()}"] = str(getattr(settings, name))
    secret = settings.teacher_secret.get_secret_value() or secrets.token_urlsafe(12)
    os.environ["PLAYGROUND_TEACHER_SECRET"] = secret  # the same one after every restart
    announce(settings, secret)
    folder = Path(__file__).resolve().parent
    uvicorn.run(
        "app.__main__:application",
        factory=True,
        host=settings.host,
        port=settings.port,
        reload=True,
        reload_dirs=[str(folder), str(folder.parent / "templates")],
        http="app.server:Connection",
        ws="none",
        server_header=False,
        access_log=False,
        log_level="info",
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
