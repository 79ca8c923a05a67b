from app.experiments.experiment import Experiment
from app.pages.regurgitation.experiments import ReciteRequest, SweepRequest, prefix_sweep, recite
from app.pages.regurgitation.perturbation import PerturbRequest, perturb

EXPERIMENTS = (
    Experiment("recite", ReciteRequest, recite),
    Experiment("prefix-sweep", SweepRequest, prefix_sweep),
    Experiment("perturb", PerturbRequest, perturb),
)
