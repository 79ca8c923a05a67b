"""Every experiment, by the name it has in `/api/experiments/<name>`."""

from app.experiments.assistant import costume_shift, dressed, instructed
from app.experiments.assistant_parts import DressedRequest, InstructedRequest, ShiftRequest
from app.experiments.experiment import Experiment
from app.experiments.few_shot import FewShotRequest, few_shot
from app.experiments.hallucination import evidence, own_mistake, universes
from app.experiments.perturbation import PerturbRequest, perturb
from app.experiments.regurgitation import ReciteRequest, SweepRequest, prefix_sweep, recite
from app.experiments.repeated_tokens import RepeatedTokensRequest, repeated_tokens
from app.experiments.universe_parts import EvidenceRequest, OwnMistakeRequest, UniversesRequest

_ALL: tuple[Experiment, ...] = (
    Experiment("recite", ReciteRequest, recite),
    Experiment("prefix-sweep", SweepRequest, prefix_sweep),
    Experiment("perturb", PerturbRequest, perturb),
    Experiment("universes", UniversesRequest, universes),
    Experiment("evidence", EvidenceRequest, evidence),
    Experiment("own-mistake", OwnMistakeRequest, own_mistake),
    Experiment("few-shot", FewShotRequest, few_shot),
    Experiment("repeated-tokens", RepeatedTokensRequest, repeated_tokens),
    Experiment("dressed", DressedRequest, dressed),
    Experiment("costume-shift", ShiftRequest, costume_shift),
    Experiment("instructed", InstructedRequest, instructed, model="smollm2-135m-instruct"),
)

EXPERIMENTS = {experiment.name: experiment for experiment in _ALL}
