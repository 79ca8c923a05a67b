"""The passages of this page as texts that generated words are looked up in."""

from collections.abc import Iterator

from app.library.tracer import Text
from app.pages.presets import read_presets

PASSAGES = "Passages of the Regurgitation page"


def passages() -> Iterator[Text]:
    """Without the page's controls: they stand in no library."""
    for preset in read_presets("regurgitation"):
        if preset.note.get("role") == "passage":
            yield Text(PASSAGES, preset.title, ((str(preset.note["year"]), preset.request["text"]),))
