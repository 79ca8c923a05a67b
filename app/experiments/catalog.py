"""Every experiment, by the name it has in `/api/experiments/<name>`."""

from app.experiments.experiment import Experiment

_ALL: tuple[Experiment, ...] = ()

EXPERIMENTS = {experiment.name: experiment for experiment in _ALL}
