"""Results as a run would leave them, made by hand."""

from app.bench.results import (
    Bare,
    BarePrefill,
    Beside,
    Fidelity,
    FirstToken,
    Level,
    Memory,
    PrefillGap,
    Prefix,
    Queueing,
    Results,
    ServerUnderLoad,
    Startup,
    StepBudget,
    Tokenizing,
    Universes,
)


def level(streams: int, **others) -> Level:
    fields = {
        "streams": streams,
        "rounds": 3,
        "tokens": 64 * streams,
        "seconds": 2.0,
        "tokens_per_second": 10.0 * streams,
        "first_token_p50": 0.1,
        "first_token_p95": 0.2,
        "gap_p50": 0.05,
        "gap_p95": 0.06,
        "slowest_stream": 9.0,
        "counted_by": "usage",
        "ended_early": 0,
    }
    return Level(**(fields | others))


def server(label: str, levels: list[Level], kind: str = "playground", model: str = "m") -> ServerUnderLoad:
    return ServerUnderLoad(label, "http://127.0.0.1:9", kind, model, levels)


def beside(label: str, quiet: float = 10.0, one: float = 7.5, two: float = 4.5) -> list[Beside]:
    """Tokens a second of one stream in each phase; eight are eight times as fast, and seven times beside one."""
    return [
        Beside(label, phase, streams, speed * (7 if streams == 8 and phase == "beside one" else streams), gap)
        for phase, speed, gap in (
            ("quiet", quiet, 0.05),
            ("beside one", one, 0.125),
            ("beside two", two, 0.2),
            ("afterwards", 0.9 * quiet, 0.05),
        )
        for streams in (1, 8)
    ]


def results(**others) -> Results:
    settings = {"model": "m", "tokens": 64, "load": "as ever"}
    return Results({"machine": "two cores"}, settings, **others)


def all_results(**others) -> Results:
    """Everything measured, next to a llama-server that is half as fast."""
    streams = (1, 4, 32)
    fields = {
        "servers": [
            server("this server", [level(n) for n in streams]),
            server(
                "llama-server",
                [level(n, tokens_per_second=5.0 * n, first_token_p95=0.4) for n in streams],
                kind="llama-server",
            ),
        ],
        "company": [*beside("this server"), *beside("llama-server", quiet=5.0, one=6.0)],
        "startup": Startup(1.0, 4.0),
        "prefix": Prefix(1000, 1.0, 0.15),
        "universes": Universes(8, 64, 1.0, 3.0),
        "gap": PrefillGap(1000, 0.05, 0.09, 20),
        "first_token": FirstToken(128, 0.12),
        "bare_prefill": BarePrefill(128, 0.1),
        "tokenize": Tokenizing(32768, 9000, 0.004, 0.002),
        "queue": Queueing(32, ((32, 1.0), (64, 2.0), (96, 3.1))),
        "memory": Memory(500_000_000, 700_000_000, 32, 256, 900_000_000, ((0, 7), (100, 8), (200, 9))),
        "bare": Bare(64, ((1, 12.0), (32, 400.0))),
        "step": StepBudget((1, 32), {"attention": [0.001, 0.01], "the forward pass": [0.02, 0.07]}),
        "fidelity": Fidelity("a text", 2000, 0.003, 0.96, 200, 0.005, 0.95, 0.001, 0.955),
    }
    return results(**(fields | others))
