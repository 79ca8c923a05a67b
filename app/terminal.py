"""What a person sees in the terminal: where the playground is, and how far the model is."""

import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import typer

from app.network import class_addresses, is_open_to_others, listens_to_network, own_address
from app.settings import Settings

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from app.host import ModelHost


def announce(settings: Settings, teacher_secret: str) -> None:
    """Where the playground is. Printed only once the server listens there."""
    address = own_address(settings)
    typer.echo(f"Base Model Playground: {address}")
    secret = quote(teacher_secret, safe="")  # in the fragment, which no browser ever sends
    typer.echo(f"For the teacher alone:  {address}/status#teacher={secret}")
    if listens_to_network(settings):
        typer.echo("\n  OPEN TO THE NETWORK: everybody on it can use this playground, without a password.")
    if is_open_to_others(settings):
        for address in class_addresses(settings):
            typer.echo(f"  Students open  {address}")
        typer.echo()


def follow(host: "ModelHost") -> None:
    """Show how far the first model is, until it answers or cannot."""
    with ProgressLine() as line:
        while (state := host.state())["state"] == "loading":
            if task := state["task"]:
                line.show(task["stage"], task["fraction"], task["message"])
            time.sleep(0.2)
    if state["state"] == "ready":
        where = ", ".join(each for each in state["engine"].values() if each != "none")
        typer.echo(f"{state['loaded']['title']} is ready ({where}).")
    elif state["error"]:
        typer.echo(f"error: {state['error']['message']}", err=True)


class ProgressLine:
    """A progress bar where there is a terminal, a line at each new stage where there is none."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._stage = ""

    def __enter__(self) -> "ProgressLine":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            columns: tuple[Any, ...] = (
                BarColumn(bar_width=24),
                TextColumn("{task.percentage:>3.0f} %"),
                TextColumn("{task.description}", markup=False),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, stage: str, fraction: float | None, message: str) -> None:
        if self._bar:
            if self._task is None:
                self._task = self._bar.add_task(message, total=1.0)
            self._bar.update(self._task, description=message, completed=fraction or 0.0)
        elif stage != self._stage:
            typer.echo(message, err=True)
        self._stage = stage
