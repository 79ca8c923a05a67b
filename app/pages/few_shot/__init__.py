from app.experiments.experiment import Experiment
from app.pages.few_shot.experiments import FewShotRequest, few_shot
from app.pages.few_shot.repeated_tokens import RepeatedTokensRequest, repeated_tokens

EXPERIMENTS = (
    Experiment("few-shot", FewShotRequest, few_shot),
    Experiment("repeated-tokens", RepeatedTokensRequest, repeated_tokens),
)
