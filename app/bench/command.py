"""`python -m app bench` from its options to its exit code."""

import asyncio
import signal
from pathlib import Path

import typer

from app.bench.plan import LONG, Plan, machine, model_files
from app.bench.report import print_report, report, write_html, write_json
from app.bench.results import Results
from app.bench.run import Bench
from app.errors import BadRequest
from app.settings import Settings
from app.terminal import ProgressLine


def run_bench(settings: Settings, plan: Plan, html: Path | None, json: Path | None) -> int:
    """Measure, print, write; 0, or 1 where something failed, or 130 after Ctrl-C."""
    for file in filter(None, (html, json)):
        if not file.absolute().parent.is_dir():
            raise BadRequest(f"{file} cannot be written: there is no folder {file.parent}")
    with ProgressLine() as line:
        model = model_files(settings, line.show)
    results = Results(machine(), _described(settings, plan))
    bench = Bench(settings, plan, model, results, lambda sentence: typer.echo(sentence, err=True))
    # The server ends with us, however we are ended. A shell starts background jobs with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        asyncio.run(bench.run())
    except KeyboardInterrupt:
        results.interrupted = True
    made = report(results, settings.slots)
    print_report(made)
    if html:
        write_html(made, html)
    if json:
        write_json(made, json)
    return 130 if results.interrupted else 1 if results.failures else 0


def _described(settings: Settings, plan: Plan) -> dict[str, str | int]:
    scripted = settings.engine == "fake"
    return {
        "model": "scripted engine" if scripted else settings.model,
        "device": settings.device,
        "dtype": "float32, exact" if settings.exact else settings.dtype,
        "slots": settings.slots,
        "tokens": plan.load.tokens,
        "load": f"temperature {plan.load.temperature:g}, {plan.load.logprobs} logprobs, end-of-text ignored",
        "rounds": plan.repeats,
        "long": "yes" if LONG in plan.names else "no",
    }
