"""Options as people write them."""

import pytest
from typer.testing import CliRunner

from app import __main__ as cli
from app.bench.endpoint import Endpoint, ServerFailed
from app.bench.passage import FreshPrompts, passage, passage_of
from app.bench.plan import MEASUREMENTS, Plan, chosen, stream_counts
from app.errors import BadRequest


def test_streams_are_numbers_in_order():
    assert stream_counts("16,1, 4,4") == (1, 4, 16)
    for wrong in ("", "0", "a", "1,,2", "1000"):
        with pytest.raises(BadRequest, match="--streams"):
            stream_counts(wrong)


def test_all_measurements_but_those_that_are_asked_for():
    assert chosen((), long=False) == set(MEASUREMENTS) - {"long", "company"}
    assert chosen(("company",), long=False) == {"company"}
    assert Plan(frozenset({"company"})).needs_server
    assert chosen(("prefix",), long=True) == {"prefix", "long"}
    with pytest.raises(BadRequest, match="there are startup, streams"):
        chosen(("speed",), long=False)


def test_the_model_alone_needs_no_server():
    assert not Plan(chosen(("bare", "fidelity"), long=False)).needs_server
    plan = Plan(chosen(("first-token",), long=False))
    assert (plan.needs_server, plan.model_tasks) == (True, ("prefill",))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--only", "speed"), "there is no measurement speed"),
        (("--streams", "many"), "--streams takes numbers"),
        (("--engine", "fake", "--html", "no/such/folder/x.html"), "there is no folder"),
        (("--model", "no-such-model"), "neither a folder nor one of"),
    ],
)
def test_what_cannot_be_measured_is_one_line(options, says):
    result = CliRunner().invoke(cli.app, ["bench", *options])
    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


def test_addresses_are_taken_with_and_without_v1():
    assert Endpoint("http://127.0.0.1:8080/v1/").url == "http://127.0.0.1:8080"
    for wrong in ("127.0.0.1:8080", "file:///etc", "http://", "llama"):
        with pytest.raises(ServerFailed, match="is no address"):
            Endpoint(wrong)


def test_prompts_of_any_length_begin_differently():
    fresh = FreshPrompts(range(100))
    prompts = [fresh.take(250) for _ in range(50)]
    assert {len(prompt) for prompt in prompts} == {250}
    assert len({prompt[0] for prompt in prompts}) == 50


def test_the_passage_is_plain_prose_of_two_thousand_tokens():
    assert passage().isascii()
    assert len(passage().split()) > 1_600
    assert len(passage_of(32_768).encode()) == 32_768
