"""`python -m app presets --measure`: run every preset on a model and write down what it gave."""

import asyncio
from collections.abc import Callable

from app.engine import weights
from app.engine.catalog import read_catalog
from app.experiments.experiment import Laboratory
from app.experiments.presets import measure
from app.pages import WITH_PRESETS
from app.paths import MODELS
from app.settings import Settings
from app.tokenization.registry import load_model_tokenizer


def measure_presets(settings: Settings, behaviours: tuple[str, ...], say: Callable[[str], None]) -> None:
    """Measure on `settings.model`, in exact mode; a preset of another model runs on that one."""
    laboratories: dict[str, Laboratory] = {}

    def laboratory(model: str | None) -> Laboratory:
        name = model or settings.model
        if name not in laboratories:
            laboratories[name] = _laboratory(settings, name, say)
        return laboratories[name]

    async def run() -> None:
        for behaviour in behaviours or WITH_PRESETS:
            async for preset in measure(behaviour, laboratory, settings.model):
                say(f"{behaviour}: {preset}")

    asyncio.run(run())


def _laboratory(settings: Settings, model: str, say: Callable[[str], None]) -> Laboratory:
    from app.engine import local

    folder = weights.fetch(read_catalog(MODELS)[model], settings.weights_dir, lambda *news: say(news[-1]))
    tokenizer = load_model_tokenizer(folder, model)
    engine = local.load(
        folder, name=model, tokenizer=tokenizer, exact=True, slots=settings.slots, context_length=2048
    )
    return Laboratory(engine, tokenizer)
