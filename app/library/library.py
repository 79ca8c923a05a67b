"""The texts that generated words are looked up in: what the build brought, and what a page adds to it.

The files are written by app/library_texts.py, which says how; any of them may be missing.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path

from app.library.tracer import Text, Trace, Tracer

FILES = {
    "bible.txt": "King James Bible",
    "plays.txt": "Plays of William Shakespeare",
    "constitutions.txt": "Constitutions",
    "licences.txt": "Software licences",
}


@dataclass(frozen=True, slots=True)
class Holding:
    """How much there is of a collection."""

    name: str
    texts: int
    words: int


class Library:
    """Read and indexed when first asked, in the thread that asks; the others wait for it."""

    def __init__(self, folder: Path, added: Callable[[], Iterable[Text]] = tuple) -> None:
        self._folder = folder
        self._added = added
        self._lock = threading.Lock()
        self._tracer: Tracer | None = None
        self.holdings: tuple[Holding, ...] = ()
        self.missing: tuple[str, ...] = ()  # names of collections

    def trace(self, text: str) -> Trace:
        """Where the text's words are found; see `Tracer.trace`."""
        with self._lock:
            if self._tracer is None:
                self._tracer = self._read()
        return self._tracer.trace(text)

    def _read(self) -> Tracer:
        # What was added comes last: of several sources the others tell more.
        tracer = Tracer(chain(read(self._folder), self._added()))
        sizes = zip((collection for collection, _ in tracer.titles), tracer.lengths, strict=True)
        for name, texts in groupby(sizes, key=itemgetter(0)):
            lengths = [length for _, length in texts]
            self.holdings += (Holding(name, len(lengths), sum(lengths)),)
        found = {holding.name for holding in self.holdings}
        self.missing = tuple(name for name in FILES.values() if name not in found)
        return tracer


def read(folder: Path) -> Iterator[Text]:
    """The texts of the files that are there, one at a time: none is kept when its words are counted."""
    for name, collection in FILES.items():
        if not (folder / name).is_file():
            continue
        with (folder / name).open(encoding="utf-8") as file:
            next(file)  # what the file is
            rows = (row.rstrip("\n").split("\t", 2) for row in file)
            for title, sections in groupby(rows, key=itemgetter(0)):
                yield Text(collection, title, tuple((reference, words) for _, reference, words in sections))
