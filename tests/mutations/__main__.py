"""python -m tests.mutations: change the code in many places, one at a time, and see which tests stay green.

Works in a copy of the tree, so the tree itself is never touched. A change that no test notices is a survivor;
survivors.toml holds those that are known, each with the reason why it stands.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutations.operators import Mutation, mutations
from tests.mutations.targets import TARGETS, Target

ROOT = Path(__file__).parents[2]
KNOWN = Path(__file__).with_name("survivors.toml")
_SECONDS = 180.0  # a change that makes the tests hang longer is noticed, too


@dataclass(frozen=True)
class Candidate:
    """A change that can be tried."""

    target: Target
    path: Path
    mutation: Mutation

    @property
    def file(self) -> str:
        return self.path.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Change:
    """A mutation as a reader sees it: the lines of a file before and after."""

    file: str
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        old = [f"  - {line}" for line in self.before.splitlines()]
        new = [f"  + {line}" for line in self.after.splitlines()]
        return "\n".join((f"{self.file}:{self.line}", *old, *new))


def change_of(file: str, source: bytes, mutation: Mutation) -> Change:
    def lines(text: bytes, end: int) -> str:
        first = text.rfind(b"\n", 0, mutation.start) + 1
        last = text.find(b"\n", end)
        whole = text[first : last if last >= 0 else len(text)].decode()
        return "\n".join(line.strip() for line in whole.split("\n"))

    changed = mutation.applied(source)
    line = source.count(b"\n", 0, mutation.start) + 1
    return Change(file, line, lines(source, mutation.end), lines(changed, mutation.start + len(mutation.new)))


def candidates(targets: Sequence[Target]) -> list[Candidate]:
    return [
        Candidate(target, path, mutation)
        for target in targets
        for path in target.files(ROOT)
        for mutation in mutations(path.read_bytes(), path.suffix)
    ]


def copy_of_tree(folder: Path) -> Path:
    """What git tracks or would, and the bundled libraries of the pages."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    shutil.copytree(
        ROOT / "static" / "vendor", folder / "static" / "vendor"
    )  # pages look for it inside static/
    return folder


def tests_pass(target: Target, tree: Path) -> bool:
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree)}
    tests = subprocess.Popen(
        target.command(tree, sys.executable),
        cwd=tree, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        return tests.wait(_SECONDS) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:  # node runs each file in a process of its own, and a loop without end would go on in it
        with contextlib.suppress(ProcessLookupError):
            os.killpg(tests.pid, signal.SIGKILL)
        tests.wait()


def survives(candidate: Candidate, tree: Path) -> bool:
    path = tree / candidate.file
    source = path.read_bytes()
    path.write_bytes(candidate.mutation.applied(source))
    try:
        return tests_pass(candidate.target, tree)
    finally:
        path.write_bytes(source)


def known_survivors() -> dict[tuple[str, str, str], str]:
    """(name of the file, before, after) -> why it stands."""
    entries = tomllib.loads(KNOWN.read_text(encoding="utf-8")).get("survivor", [])
    return {(entry["file"], entry["before"], entry["after"]): entry["why"] for entry in entries}


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--sample", type=int, default=150, help="how many changes, drawn by the seed")
    parser.add_argument("--seed", type=int, default=618)
    parser.add_argument("--only", nargs="*", choices=[target.name for target in TARGETS], metavar="TARGET")
    parser.add_argument(
        "--minutes",
        type=float,
        default=float("inf"),
        help="begin no change after this long, the unchanged tests not counted",
    )
    return parser.parse_args()


def main() -> int:
    options = parsed()
    targets = [target for target in TARGETS if not options.only or target.name in options.only]
    possible = candidates(targets)
    drawn = random.Random(options.seed).sample(possible, min(options.sample, len(possible)))
    known, unknown = known_survivors(), 0
    tried: Counter[str] = Counter()
    alive: Counter[str] = Counter()
    print(f"{len(drawn)} of {len(possible)} changes", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        tree = copy_of_tree(Path(folder))
        for target in targets:
            if not tests_pass(target, tree):  # then every change of it would count as noticed
                print(f"the tests of {target.name} fail without any change")
                return 2
        began = time.monotonic()
        for candidate in drawn:
            if time.monotonic() - began > options.minutes * 60:
                break
            tried[candidate.target.name] += 1
            if survives(candidate, tree):
                alive[candidate.target.name] += 1
                change = change_of(candidate.file, candidate.path.read_bytes(), candidate.mutation)
                why = known.get((Path(change.file).name, change.before, change.after))
                unknown += why is None
                print(f"{change}\n  {'known: ' + why if why else 'NO TEST NOTICES'}", flush=True)
    for name, count in tried.items():
        print(f"{name}: {count - alive[name]} of {count} noticed")
    total = tried.total()
    print(f"all: {total - alive.total()} of {total} noticed; {unknown} survivors are not in {KNOWN.name}")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
