"""`python -m tests.lesson --minutes 10 --students 100 --engine local`: hold a lesson, say how it went.

The exit code is 0 where everything was as promised.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.kit.program import program
from tests.lesson.swarm import hold_lesson


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lesson", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--engine", choices=("fake", "local"), default="local")
    parser.add_argument("--model", default="gemma-3-270m")
    parser.add_argument("--think", type=float, nargs=2, default=(10.0, 30.0), metavar="SECONDS")
    parser.add_argument("--max-tokens", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        arguments = [] if options.engine == "fake" else ["--model", options.model]
        with program(Path(folder), *arguments, engine=options.engine) as server:
            same = server.get("/api/models").json()["engine"]["numerics"] == "same"
            lesson = hold_lesson(
                server, options.students, options.minutes * 60, tuple(options.think), options.max_tokens
            )
            report = asyncio.run(lesson)
            code, _ = server.stop()
    for what, value in report.lines():
        sys.stdout.write(f"{what:42} {value}\n")
    sys.stdout.write(f"{'exit code of the server':42} {code}\n")
    faults = report.faults(same=same)
    sys.stdout.write(f"{'not as promised':42} {'; '.join(faults) or '-'}\n")
    return 1 if faults or code else 0


if __name__ == "__main__":
    sys.exit(main())
