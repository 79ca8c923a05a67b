"""N streams at once on one server: rounds, and what the rounds come to."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.bench.endpoint import Endpoint
from app.bench.event_stream import Stream
from app.bench.load import PROMPTS, Load
from app.bench.percentiles import median_of, percentile
from app.bench.results import Level

_WARM_UP_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Round:
    """One round: N streams, all begun together."""

    streams: tuple[Stream, ...]

    @property
    def tokens(self) -> int:
        return sum(stream.tokens for stream in self.streams)

    @property
    def seconds(self) -> float:
        """From the first request to the last token."""
        ends = max(stream.arrivals[-1] for stream in self.streams)
        return ends - min(stream.sent for stream in self.streams)

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds


@dataclass(frozen=True, slots=True)
class UnderLoad:
    """A server in turn with others."""

    endpoint: Endpoint
    load: Load

    async def warm_up(self, streams: int) -> None:
        """A short round that is not measured: it makes kernels of this shape and reads the prompts once."""
        few = Load(min(self.load.tokens, _WARM_UP_TOKENS), self.load.temperature, self.load.logprobs)
        await run_round(self.endpoint, few, streams)

    async def round(self, streams: int) -> Round:
        return await run_round(self.endpoint, self.load, streams)


async def run_round(endpoint: Endpoint, load: Load, streams: int) -> Round:
    bodies = [load.body(PROMPTS[i % len(PROMPTS)], endpoint.model) for i in range(streams)]
    return Round(tuple(await endpoint.streams(bodies)))


def summarise(rounds: Sequence[Round], load: Load) -> Level:
    """Medians over the rounds; percentiles are taken within each round."""

    def over_rounds(percent: float, values: Sequence[Sequence[float]]) -> float:
        return median_of([percentile(each, percent) for each in values])

    first_tokens = [[stream.first_token for stream in each.streams] for each in rounds]
    gaps = [[gap for stream in each.streams for gap in stream.gaps] or [0.0] for each in rounds]
    streams = [stream for each in rounds for stream in each.streams]
    return Level(
        streams=len(rounds[0].streams),
        rounds=len(rounds),
        tokens=round(median_of([each.tokens for each in rounds])),
        seconds=median_of([each.seconds for each in rounds]),
        tokens_per_second=median_of([each.tokens_per_second for each in rounds]),
        first_token_p50=over_rounds(50, first_tokens),
        first_token_p95=over_rounds(95, first_tokens),
        gap_p50=over_rounds(50, gaps),
        gap_p95=over_rounds(95, gaps),
        slowest_stream=median_of([_slowest(each) for each in rounds]),
        counted_by=", ".join(sorted({stream.counted_by for stream in streams})),
        ended_early=sum(stream.tokens < load.tokens for stream in streams),
    )


def _slowest(each: Round) -> float:
    """Tokens per second; a stream of one arrival counts with its whole time."""
    return min(
        stream.tokens_per_second or stream.tokens / max(stream.first_token, 1e-9) for stream in each.streams
    )
