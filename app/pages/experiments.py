"""Every experiment, by the name it has in `/api/experiments/<name>`: what the packages of the pages offer."""

from importlib import import_module

from app.experiments.experiment import Experiment
from app.pages.registry import PAGES


def experiments_of(page: str) -> tuple[Experiment, ...]:
    """`EXPERIMENTS` of the page's package; none where it has no package, or the package none."""
    try:
        package = import_module(f"app.pages.{page}")
    except ModuleNotFoundError as missing:
        if missing.name != f"app.pages.{page}":
            raise
        return ()
    return getattr(package, "EXPERIMENTS", ())


EXPERIMENTS = {experiment.name: experiment for page in PAGES for experiment in experiments_of(page.name)}
