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


@pytest.mark.parametrize("preset", ["conversation", "zh-conversation"])
async def test_the_dressed_question_is_answered_and_written_on_beyond_the_stop(
    laboratory: Laboratory, preset: str
):
    request = request_of(preset, DressedRequest)
    in_costume, bare = await parts_of(dressed, laboratory, request, Answers)
    assert (in_costume.side, bare.side) == ("dressed", "bare")
    assert len(in_costume.answers) == len(bare.answers) == 8
    assert in_costume.answered >= 6
    assert bare.answered <= 3
    assert preset == "zh-conversation" or bare.answered == 0
    assert sum(bool(answer.next_line) for answer in in_costume.answers) >= 6
    measured = read_measurement("assistant", "gemma-3-270m").results[preset]
    told = [part["answered"] for part in measured if part["kind"] == "answers"]
    assert told == [in_costume.answered, bare.answered]


@pytest.mark.parametrize(
    "preset",
    ["qa", "interview", "help-desk", "pirate", "zh-qa", "zh-interview", "zh-help-desk", "zh-monkey-king"],
)
async def test_every_costume_gives_what_was_measured(laboratory: Laboratory, preset: str):
    (answers,) = await parts_of(dressed, laboratory, request_of(preset, DressedRequest), Answers)
    measured = read_measurement("assistant", "gemma-3-270m").results[preset]
    (told,) = (part for part in measured if part["kind"] == "answers")
    assert [answer.shown for answer in answers.answers] == [answer["shown"] for answer in told["answers"]]
    assert answers.answered == told["answered"]


@pytest.mark.parametrize("preset", ["shift", "zh-shift"])
async def test_the_shift_equals_plain_transformers(laboratory: Laboratory, default_model: Path, preset: str):
    import torch
    from transformers import AutoModelForCausalLM

    request = request_of(preset, ShiftRequest)
    shifts = await parts_of(costume_shift, laboratory, request, Shift)
    reference = AutoModelForCausalLM.from_pretrained(default_model, dtype=torch.float32).eval()
    forced = laboratory.tokenizer.encode(request.answer)

    def rows(text: str) -> torch.Tensor:
        token_ids = [laboratory.tokenizer.bos_token_id, *laboratory.tokenizer.encode(text), *forced]
        with torch.inference_mode():
            logits = reference(torch.tensor([token_ids])).logits[0, -len(forced) - 1 : -1]
        return torch.log_softmax(logits.double(), -1)

    measured = read_measurement("assistant", default_model.name)
    for ours, before in zip(map(part_json, shifts), measured.results[preset], strict=True):
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
