from app.experiments.experiment import Experiment
from app.pages.hallucination.experiments import evidence, own_mistake, universes
from app.pages.hallucination.parts import EvidenceRequest, OwnMistakeRequest, UniversesRequest

EXPERIMENTS = (
    Experiment("universes", UniversesRequest, universes),
    Experiment("evidence", EvidenceRequest, evidence),
    Experiment("own-mistake", OwnMistakeRequest, own_mistake),
)
