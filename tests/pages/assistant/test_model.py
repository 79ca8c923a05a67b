"""What the assistant page claims, on the shipped weights; its figures against plain transformers."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from app.experiments.experiment import Laboratory
from app.pages.assistant import costume as dress
from app.pages.assistant.experiments import costume_shift, dressed, instructed
from app.pages.assistant.parts import (
    Answers,
    Document,
    DressedRequest,
    InstructedRequest,
    Shift,
    ShiftRequest,
)
from app.pages.presets import part_json, read_measurement, read_presets
from app.paths import default_weights_dir
from app.tokenization.registry import load_model_tokenizer

pytestmark = pytest.mark.weights
INSTRUCTED = "smollm2-135m-instruct"


def open_laboratory(folder: Path):
    from app.engine.local import load

    tokenizer = load_model_tokenizer(folder)
    return Laboratory(
        load(folder, name=folder.name, tokenizer=tokenizer, exact=True, slots=8, context_length=512),
        tokenizer,
    )


@pytest.fixture(scope="module")
def laboratory(default_model: Path):
    laboratory = open_laboratory(default_model)
    yield laboratory
    laboratory.engine.close()


def request_of(identity: str, kind: type):
    (preset,) = (preset for preset in read_presets("assistant") if preset.id == identity)
    return kind.model_validate_json(json.dumps(preset.request))


async def parts_of(run, laboratory: Laboratory, request, kind: type):
    return [part async for part in run(laboratory, request) if type(part) is kind]


async def test_the_bare_question_is_never_answered_and_the_dressed_one_is(laboratory: Laboratory):
    in_costume, bare = await parts_of(
        dressed, laboratory, request_of("conversation", DressedRequest), Answers
    )
    assert (in_costume.side, bare.side) == ("dressed", "bare")
    assert len(in_costume.answers) == len(bare.answers) == 8
    assert bare.answered == 0
    assert in_costume.answered >= 6
    measured = read_measurement("assistant", "gemma-3-270m").results["conversation"]
    told = [part["answered"] for part in measured if part["kind"] == "answers"]
    assert told == [in_costume.answered, bare.answered]


async def test_without_the_stop_string_it_writes_the_humans_next_line(laboratory: Laboratory):
    (answers,) = await parts_of(
        dressed, laboratory, request_of("conversation-on-and-on", DressedRequest), Answers
    )
    assert sum(bool(answer.next_line) for answer in answers.answers) >= 6


async def test_the_shift_equals_plain_transformers(laboratory: Laboratory, default_model: Path):
    import torch
    from transformers import AutoModelForCausalLM

    request = request_of("shift", ShiftRequest)
    shifts = await parts_of(costume_shift, laboratory, request, Shift)
    reference = AutoModelForCausalLM.from_pretrained(default_model, dtype=torch.float32).eval()
    forced = laboratory.tokenizer.encode(request.answer)

    def rows(text: str) -> torch.Tensor:
        token_ids = [laboratory.tokenizer.bos_token_id, *laboratory.tokenizer.encode(text), *forced]
        with torch.inference_mode():
            logits = reference(torch.tensor([token_ids])).logits[0, -len(forced) - 1 : -1]
        return torch.log_softmax(logits.double(), -1)

    measured = read_measurement("assistant", default_model.name)
    for ours, before in zip(map(part_json, shifts), measured.results["shift"], strict=True):
        assert (ours["costume"], ours["token"]) == (before["costume"], before["token"])
        for figure in ("kl_bits", "logprob", "bare_logprob"):
            assert ours[figure] == pytest.approx(before[figure], abs=1e-3)
        for mover, earlier in zip(ours["movers"], before["movers"], strict=True):
            assert mover["dressed"] == pytest.approx(earlier["dressed"], abs=1e-3)
            assert mover["bare"] == pytest.approx(earlier["bare"], abs=1e-3)

    bare = rows(request.question)
    for index, template in enumerate(request.templates):
        costumed = rows(template.replace(dress.PLACE, request.question))
        expected = (costumed.exp() * (costumed - bare)).sum(-1) / math.log(2)
        ours = [shift for shift in shifts if shift.costume == index]
        np.testing.assert_allclose([shift.kl_bits for shift in ours], expected.numpy(), atol=1e-3)
        for place, shift in enumerate(ours):
            assert shift.logprob == pytest.approx(float(costumed[place, forced[place]]), abs=1e-3)
            assert shift.bare_logprob == pytest.approx(float(bare[place, forced[place]]), abs=1e-3)
            assert shift.bare_rank == int((bare[place] > bare[place, forced[place]]).sum()) + 1


async def test_the_tuned_models_document_is_its_own_chat_template():
    folder = default_weights_dir() / INSTRUCTED
    if not folder.is_dir():
        pytest.skip(f"{INSTRUCTED} is not here; `python -m app fetch {INSTRUCTED}` gets it")
    from transformers import AutoTokenizer

    laboratory = open_laboratory(folder)
    try:
        request = request_of("instructed", InstructedRequest)
        (document,) = await parts_of(instructed, laboratory, request, Document)
        (answers,) = await parts_of(instructed, laboratory, request, Answers)
    finally:
        laboratory.engine.close()
    chat = [{"role": "system", "content": request.system}, {"role": "user", "content": request.question}]
    reference = AutoTokenizer.from_pretrained(folder)
    text = reference.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert document.text == text
    assert [token.id for token in document.tokens] == reference(text, add_special_tokens=False)["input_ids"]
    assert sum(document.special) == 5
    assert answers.answered >= 2
