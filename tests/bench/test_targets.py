"""Every row of the targets: what it is held against, and how it is told."""

from dataclasses import replace

import pytest

from app.bench.growth import growths, throughput, waiting
from app.bench.results import Bare, BarePrefill, Queueing
from app.bench.targets import IN_THE_BROWSER, TARGETS, verdicts
from tests.bench.examples import all_results, level, results, server


def rows(found) -> dict[str, tuple[str, str]]:
    return {row.what: (row.shown, row.verdict) for row in verdicts(found)}


def test_every_row_has_a_verdict():
    found = rows(all_results())
    assert len(found) == len(TARGETS)
    assert found == {
        "32 streams, tokens/s against llama-server": ("2.00", "reached"),
        "32 streams against our own bare forward pass": ("0.80", "MISSED"),
        "1 stream, tokens/s against llama-server (Q4_K_M)": ("2.00", "goal reached"),
        "1 stream beside one busy program, tokens/s against quiet": ("0.75", "goal reached"),
        "8 streams beside one busy program, tokens/s against quiet": ("0.66", "reached"),
        "gap beside one busy program, p95, against quiet": ("2.50", "reached"),
        "beside two busy programs, tokens/s against quiet": ("0.45", "reached"),
        "3 s after they ended, tokens/s against before": ("0.90", "MISSED"),
        "8 streams beside one, tokens/s against llama-server": ("1.25", "reached"),
        "mean KL of the default path to float32": ("0.0050 nats", "reached"),
        "same top token, below what bfloat16 keeps": ("0 points", "goal reached"),
        "first token on an idle server against a bare prefill": ("1.20", "reached"),
        "first token at 32 streams, p95, against llama-server": ("0.50", "goal reached"),
        "gap while a 1,000-token prompt arrives, p95, against before": ("1.80", "reached"),
        "second request on a shared 1,000-token prefix, first token": ("0.15", "reached"),
        "eight universes against one completion, wall time": ("3.00", "MISSED"),
        "sampling page, recompute and paint per slider event, p95": ("", IN_THE_BROWSER),
        "that page's probabilities against transformers' warpers": ("", IN_THE_BROWSER),
        "tokenising 32 KB against bare tiktoken, end to end": ("2.00", "reached"),
        "10,000 tokens on the tokenizer page, paint": ("", IN_THE_BROWSER),
        "typing in it, p95 per key": ("", IN_THE_BROWSER),
        "process start to first page": ("1 s", "goal reached"),
        "process start to ready (weights converted)": ("4 s", "goal reached"),
        "memory at 32 streams of 256 tokens against the weights": ("1.80", "goal reached"),
    }


def test_what_was_not_measured_says_why():
    found = rows(results(skipped={"prefix": "the model reads only 64 tokens"}))
    assert found["32 streams, tokens/s against llama-server"][1] == "needs --against a llama-server"
    assert (
        found["second request on a shared 1,000-token prefix, first token"][1]
        == "the model reads only 64 tokens"
    )
    assert found["eight universes against one completion, wall time"] == ("", "not measured")


def test_a_level_that_only_one_server_reached_is_not_compared():
    found = all_results()
    found.servers[1].levels.pop()
    assert rows(found)["32 streams, tokens/s against llama-server"] == ("", "needs 32 streams on both")


BESIDE_ONE = "8 streams beside one, tokens/s against llama-server"
GAP = "gap beside one busy program, p95, against quiet"


def test_beside_others_the_worse_number_of_streams_counts():
    found = all_results()
    found.company[1] = replace(found.company[1], tokens_per_second=90.0)  # eight, quiet
    assert rows(found)["beside two busy programs, tokens/s against quiet"] == ("0.40", "reached")
    found.company[2] = replace(found.company[2], gap_p95=0.2)  # one, beside one
    assert rows(found)[GAP] == ("4.00", "MISSED")


def test_a_server_that_was_given_up_is_compared_by_what_it_stayed_below():
    found = all_results()
    at = found.company.index(found.beside(found.servers[1], "beside one", 8))
    found.company[at] = replace(found.company[at], tokens_per_second=10.5, in_time=False)
    row = next(row for row in verdicts(found) if row.what == BESIDE_ONE)
    assert (row.measured, row.shown) == ("52.5 and less than 10.5 tokens/s", "5.00")
    ours = found.company.index(found.beside(found.ours, "beside one", 1))
    found.company[ours] = replace(found.company[ours], tokens_per_second=2.5, gap_p95=4.0, in_time=False)
    assert rows(found)[GAP] == ("80.00", "MISSED")
    assert rows(found)["1 stream beside one busy program, tokens/s against quiet"] == ("0.25", "MISSED")


def test_company_is_measured_only_when_asked_for_and_says_so():
    found = rows(all_results(company=[]))
    assert found[GAP] == ("", "needs --only company")
    assert found["beside two busy programs, tokens/s against quiet"] == ("", "needs --only company")
    assert found[BESIDE_ONE] == ("", "needs --only company and --against a llama-server")
    late = all_results()
    late.company = [replace(each, in_time=each.phase != "quiet") for each in late.company]
    assert rows(late)["3 s after they ended, tokens/s against before"][0] == ""


def test_the_bare_pass_of_other_sizes_is_not_compared():
    found = rows(all_results(bare=Bare(64, ((1, 12.0),))))
    assert found["32 streams against our own bare forward pass"][0] == ""


def test_a_model_slower_alone_than_in_the_server_was_disturbed():
    found = rows(all_results(bare=Bare(64, ((32, 100.0),)), bare_prefill=BarePrefill(128, 0.2)))
    assert found["32 streams against our own bare forward pass"][1].startswith("disturbed: ")
    assert found["first token on an idle server against a bare prefill"][1].startswith("disturbed: ")


@pytest.mark.parametrize(("speeds", "as_expected"), [((10, 40, 39), True), ((10, 40, 30), False)])
def test_throughput_must_not_fall_with_more_streams(speeds, as_expected):
    levels = [level(n, tokens_per_second=speed) for n, speed in zip((1, 4, 8), speeds, strict=True)]
    assert throughput(levels, slots=32).as_expected is as_expected


def test_beyond_the_places_throughput_is_not_judged():
    levels = [level(4), level(32), level(64, tokens_per_second=1.0)]
    assert throughput(levels, slots=32).as_expected is True


@pytest.mark.parametrize(("last", "as_expected"), [(3.0, True), (3.4, True), (4.0, False)])
def test_waiting_must_not_grow_faster_than_the_queue(last, as_expected):
    assert waiting(Queueing(32, ((32, 1.0), (64, 2.0), (96, last)))).as_expected is as_expected


def test_growth_is_told_of_what_was_measured_only():
    assert growths(results(), 32) == []
    assert growths(results(servers=[server("this server", [level(1)])]), 32) == []
    assert [each.as_expected for each in growths(all_results(), 32)] == [True, True, None]
