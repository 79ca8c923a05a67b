from app.experiments.experiment import Experiment
from app.pages.assistant.experiments import costume_shift, dressed, instructed
from app.pages.assistant.parts import DressedRequest, InstructedRequest, ShiftRequest

EXPERIMENTS = (
    Experiment("dressed", DressedRequest, dressed),
    Experiment("costume-shift", ShiftRequest, costume_shift),
    Experiment("instructed", InstructedRequest, instructed, model="smollm2-135m-instruct"),
)
