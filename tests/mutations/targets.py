"""What is changed, and the quick tests that should notice: globs, so that a file may move to another folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """Files of one concern. Browsers and weights are never asked: they take too long for each of so many."""

    name: str
    code: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, root: Path) -> list[Path]:
        return list(_found(root, self.code))

    def command(self, root: Path, python: str) -> list[str]:
        tests = [str(path) for path in _found(root, self.tests)]
        if all(test.endswith(".js") for test in tests):
            return ["node", "--test", *tests]
        quick = ["-m", "not browser and not weights", "-p", "no:cacheprovider"]
        return [python, "-m", "pytest", "-x", "-q", *quick, *tests]


def _found(root: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        paths = sorted(root.glob(pattern))
        assert paths, f"no file is called {pattern}"
        yield from paths


FIELDS = "tests/**/test_request_fields.py"  # first, because it is the quickest

TARGETS = (
    Target(
        "sampling",
        tuple(
            f"app/engine/**/{name}.py"
            for name in ("dice", "distribution", "logits_process", "sampler", "scoring")
        ),
        (
            "tests/engine/**/test_dice.py",
            "tests/engine/**/test_sampler.py",
            "tests/engine/**/test_threaded_engine.py",
        ),
    ),
    Target(
        "serving",
        tuple(
            f"app/engine/**/{name}.py"
            for name in (
                "scheduler",
                "waiting_line",
                "slot_table",
                "stopping_criteria",
                "pace",
                "detokenizer",
            )
        ),
        tuple(
            f"tests/engine/**/test_{name}.py"
            for name in ("waiting_line", "pace", "scheduler", "threaded_engine")
        ),
    ),
    *(
        Target(page, (f"app/pages/{page}/*.py",), (FIELDS, f"tests/pages/{page}/test_[!b]*.py"))
        for page in ("assistant", "few_shot", "hallucination", "regurgitation")
    ),
    Target(
        "openai",
        ("app/routes/**/openai_text.py", "app/routes/**/openai.py"),
        (FIELDS, "tests/routes/**/test_openai.py"),
    ),
    Target(
        "guards",
        tuple(f"app/routes/**/{name}.py" for name in ("teacher", "admission", "errors", "security")),
        tuple(
            f"tests/routes/**/test_{name}.py"
            for name in ("teacher", "admission", "errors", "security", "health")
        ),
    ),
    Target(
        "browser",
        ("static/js/base/distribution.js", "static/js/base/dice.js"),
        ("tests/js/distribution.test.js", "tests/js/dice.test.js"),
    ),
)
