"""`python -m app presets --measure`: run presets and examples on a model, and keep what they gave."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from app.checkpoints import store
from app.checkpoints.manifests import read_catalog
from app.experiments.experiment import Laboratory, OpenLaboratory
from app.pages.presets import example_file, measure
from app.pages.registry import PAGES, WITH_PRESETS
from app.paths import MODELS
from app.settings import Settings
from app.tokenization.registry import load_model_tokenizer

# A page's example.py opens a laboratory where it asks a model, and keeps the date that it is given.
WorkOut = Callable[[OpenLaboratory, str], Awaitable[dict[str, Any]]]
EXAMPLES: dict[str, WorkOut] = {
    page.name: import_module(f"app.pages.{page.name}.example").worked_example
    for page in PAGES
    if example_file(page.name).with_suffix(".py").is_file()
}
MEASURED = (*EXAMPLES, *WITH_PRESETS)  # names of pages


def measure_pages(settings: Settings, pages: tuple[str, ...], say: Callable[[str], None]) -> None:
    """Measure on `settings.model`, presets in exact mode; a preset of another model runs on that one."""
    laboratories: dict[tuple[str, bool], Laboratory] = {}

    def laboratory(model: str | None = None, *, exact: bool = True) -> Laboratory:
        name = model or settings.model
        if (name, exact) not in laboratories:
            laboratories[name, exact] = _laboratory(settings, name, say, exact=exact)
        return laboratories[name, exact]

    async def run() -> None:
        for page in pages or MEASURED:
            if page in EXAMPLES:
                example = await EXAMPLES[page](laboratory, date.today().isoformat())
                write_example(example_file(page), example)
                say(page)
                continue
            async for preset in measure(page, laboratory, settings.model):
                say(f"{page}: {preset}")

    asyncio.run(run())


def write_example(file: Path, example: dict[str, Any]) -> None:
    """A line for each of its values."""
    lines = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in example.items()]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _laboratory(settings: Settings, model: str, say: Callable[[str], None], *, exact: bool) -> Laboratory:
    from app.engine import local

    folder = store.fetch(read_catalog(MODELS)[model], settings.weights_dir, lambda *news: say(news[-1]))
    tokenizer = load_model_tokenizer(folder, model)
    engine = local.load(
        folder, name=model, tokenizer=tokenizer, exact=exact, slots=settings.slots, context_length=2048
    )
    return Laboratory(engine, tokenizer)
