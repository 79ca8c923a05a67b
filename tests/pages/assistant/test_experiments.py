"""The costume: one document, byte for byte; what is cut from the answers; what counts as answered."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.engine.fake import FakeEngine
from app.errors import ContextOverflow
from app.experiments.experiment import Laboratory, Progress
from app.pages.assistant import costume as dress
from app.pages.assistant.experiments import costume_shift, dressed, instructed, kl_bits, rank_of
from app.pages.assistant.parts import (
    Answers,
    Document,
    DressedRequest,
    InstructedRequest,
    Shift,
    ShiftRequest,
    Written,
)
from app.pages.experiments import EXPERIMENTS
from app.pages.presets import read_measurement, read_presets
from tests.byte_tokenizer import BOS, EOS, ByteTokenizer
from tests.event_stream import events

TEMPLATE = "A talk.\n\nA: {question}\nB:"
ANSWERS = "x:4\nA:4\nA:4"  # after ":" comes "4", then a line that begins with "A:"
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="{}"), min_size=1, max_size=40)


@pytest.fixture
def laboratory(byte_tokenizer: ByteTokenizer):
    engine = FakeEngine(byte_tokenizer, slots=8, queue=8, context_length=256, script=ANSWERS)
    yield Laboratory(engine, byte_tokenizer)
    engine.close()


def asked(**changes: object) -> DressedRequest:
    values = {
        "question": "2 + 2?",
        "template": TEMPLATE,
        "stop": "A:",
        "n": 2,
        "temperature": 0.0,
        "max_tokens": 12,
    }
    return DressedRequest(**(values | changes))


async def parts_of(run, laboratory, request):
    return [part async for part in run(laboratory, request)]


def only(parts, kind):
    return [part for part in parts if type(part) is kind]


def test_a_template_is_cut_at_its_joints():
    cut = dress.cut_template(TEMPLATE)
    assert cut == dress.Costume("A talk.\n\n", "A: ", "\nB:")
    assert cut.marks == ("A:", "B:")
    assert dress.cut_template(dress.BARE) == dress.Costume("", "", "")


@pytest.mark.parametrize("template", ["no place", "{question} and {question}"])
def test_a_template_needs_its_place_once(template: str):
    with pytest.raises(ValidationError, match="exactly once"):
        asked(template=template)


def test_a_conversation_is_one_document():
    pieces = dress.build(dress.cut_template(TEMPLATE), [("1 + 1?", "2")], "2 + 2?")
    assert dress.document_text(pieces) == "A talk.\n\nA: 1 + 1?\nB: 2\n\nA: 2 + 2?\nB:"
    assert [piece.role for piece in pieces] == [
        "header",
        "mark",
        "question",
        "mark",
        "answer",
        "mark",
        "question",
        "mark",
    ]


def test_an_empty_answer_leaves_no_blank_behind():
    pieces = dress.build(dress.cut_template(TEMPLATE), [("Well?", "")], "And?")
    assert "B:\n\nA: And?" in dress.document_text(pieces)


def test_no_blank_follows_a_chinese_colon():
    pieces = dress.build(dress.cut_template("问：{question}\n答："), [("你是谁？", "小明。")], "几岁？")
    assert dress.document_text(pieces) == "问：你是谁？\n答：小明。\n\n问：几岁？\n答："


@pytest.mark.parametrize("blank", [" ", "\n"])
def test_a_costume_that_ends_in_a_blank_gets_no_second_one(blank: str):
    pieces = dress.build(dress.cut_template(f"A: {{question}}\nB:{blank}"), [("Well?", "yes")], "And?")
    assert f"B:{blank}yes\n\nA: And?" in dress.document_text(pieces)


@given(WORDS, WORDS, WORDS)
def test_one_turn_is_the_template_with_the_question_in_it(header: str, role: str, question: str):
    template = f"{header}\n{role}{dress.PLACE}\nreply:"
    pieces = dress.build(dress.cut_template(template), [], question)
    assert dress.document_text(pieces) == template.replace(dress.PLACE, question)


@pytest.mark.parametrize(
    ("written", "expected", "answered"),
    [
        (" 2 + 2 = 4.\n\n", "4", True),
        (" 2+2 is 4", "4", True),
        (" The answer is 4.5", "4", False),
        (" 14", "4", False),
        (" 2 + 2 + 2 = 4", "4", False),  # another sum
        (" 12 + 2 = 4", "4", False),
        (" A) 3 B) 4", "4", False),  # a list to choose from is not an answer
        ("\n\nWhat is 2 + 2?\n\nThe answer is 4.", "4", False),  # after the next question
        ("\n\nWhat is 4 + 4?", "4", False),  # a question is none
        (" 2 + 2 = 4. What is 3 + 3?", "4", True),
        (" Two and two is four.", "4|four", True),
        (" fourteen", "4|four", False),
        ("", "4", False),
        (" It is Rome.", "rome", True),
        (" It is Romeo.", "rome", False),
    ],
)
def test_the_rule_of_what_is_answered(written: str, expected: str, answered: bool):
    assert dress.is_answered(written, "What is 2 + 2?", expected) is answered


@pytest.mark.parametrize(
    ("written", "question", "expected", "answered"),
    [
        ("法国的首都是巴黎。", "法国的首都是哪里？", "巴黎", True),
        ("巴黎。\n\n问：日本的首都是哪里？", "法国的首都是哪里？", "巴黎", True),
        ("法国的首都是巴黎吗？", "法国的首都是哪里？", "巴黎", False),  # a question is none
        (
            "日本的房价怎么样？日本的首都是东京。",
            "日本的首都是哪里？",
            "东京",
            False,
        ),  # after the next question
        (
            "是巴黎。日本的首都是哪里？",
            "法国的首都是哪里？",
            "巴黎",
            True,
        ),  # 。 ends a sentence without a blank
        ("法国的首都是Paris。", "法国的首都是哪里？", "巴黎|Paris", True),
        ("Parisian 风格", "法国的首都是哪里？", "巴黎|Paris", False),
        ("2 + 2 等于 4。", "2 + 2 等于几？", "4|四", True),
        ("等于4。", "2 + 2 等于几？", "4|四", True),
        ("俺老孙告诉你，等于四！", "2 + 2 等于几？", "4|四", True),
        ("等于十四。", "2 + 2 等于几？", "4|四", False),
        ("2 + 2 等于几？\n4", "2 + 2 等于几？", "4|四", False),
        ("2 + 2 等于 5。", "2 + 2 等于几？", "4|四", False),
    ],
)
def test_the_rule_reads_chinese(written: str, question: str, expected: str, answered: bool):
    assert dress.is_answered(written, question, expected) is answered


def test_role_words_typed_in_a_message_are_named():
    cut = dress.cut_template(TEMPLATE)
    assert dress.typed_marks(cut, "A:", "Hi\nB: yes\nA: no") == ("A:", "B:")
    assert dress.typed_marks(cut, "A:", "Hi") == ()


async def test_the_document_told_is_the_bytes_sent(laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch):
    sent = []
    generate = laboratory.engine.generate
    monkeypatch.setattr(
        laboratory.engine, "generate", lambda request: sent.append(request) or generate(request)
    )
    parts = await parts_of(dressed, laboratory, asked(question="2 + 2 — ok? 🙂"))
    documents = only(parts, Document)
    assert [document.side for document in documents] == ["dressed", "bare"]
    for document, request in zip(documents, sent, strict=True):
        data = b"".join(map(laboratory.tokenizer.token_bytes, request.prompt_token_ids[document.bos :]))
        assert data == document.text.encode() == "".join(piece.text for piece in document.pieces).encode()
        assert tuple(token.id for token in document.tokens) == request.prompt_token_ids
    assert documents[0].text == TEMPLATE.replace("{question}", "2 + 2 — ok? 🙂")
    assert documents[1].text == "2 + 2 — ok? 🙂"
    assert [request.params.stop for request in sent] == [("A:",), ()]


@pytest.mark.parametrize("leads", [True, False])
async def test_a_document_tells_whether_a_token_leads_it(leads: bool):
    tokenizer = ByteTokenizer(adds_bos=leads)
    engine = FakeEngine(tokenizer, slots=2, queue=2, context_length=256, script=ANSWERS)
    for document in only(await parts_of(dressed, Laboratory(engine, tokenizer), asked(n=1)), Document):
        assert (document.bos, document.tokens[0].id == BOS, document.special[0]) == (leads, leads, leads)
    engine.close()


async def test_the_answer_is_cut_across_tokens_and_only_when_asked(laboratory: Laboratory):
    on = only(await parts_of(dressed, laboratory, asked(expected="4")), Answers)[0]
    assert [answer.shown for answer in on.answers] == ["4\n", "4\n"]
    assert on.answered == 2
    assert on.answers[0].finish_reason == "stop-string"
    assert on.answers[0].next_line is None
    off = only(await parts_of(dressed, laboratory, asked(stop_on=False)), Answers)[0].answers[0]
    assert off.shown == "4\nA:4\nA:4\nA:"
    assert off.own == "4\n"
    assert off.next_line == "4"
    assert off.finish_reason == "length"


async def test_a_stop_at_once_is_an_empty_answer(laboratory: Laboratory):
    answer = only(await parts_of(dressed, laboratory, asked(stop="4")), Answers)[0].answers[0]
    assert answer.at_once
    assert answer.shown == ""


async def test_the_header_stays_and_the_oldest_turns_go(laboratory: Laboratory):
    turns = [{"question": f"question number {i} is a long one", "answer": "yes " * 8} for i in range(6)]
    document = only(await parts_of(dressed, laboratory, asked(turns=turns)), Document)[0]
    assert document.dropped > 0
    assert document.text.startswith("A talk.\n\nA: question number " + str(document.dropped))
    assert len(document.tokens) <= laboratory.engine.context_length - 12


async def test_what_can_never_fit_is_refused_before_the_first_part(laboratory: Laboratory):
    with pytest.raises(ContextOverflow):
        await anext(dressed(laboratory, asked(question="x" * 300)))


async def test_tokens_and_progress_come_before_the_answers(laboratory: Laboratory):
    parts = await parts_of(dressed, laboratory, asked())
    progress = only(parts, Progress)
    assert {part.total for part in progress} == {24}
    told = [part.done for part in progress]  # each token once for both tries; the stop comes after four
    assert told == [1, 2, 3, 4, 12, *range(13, 25), 24]
    assert {part.side for part in only(parts, Written)} == {"dressed", "bare"}


async def test_the_tuned_model_gets_its_own_format(laboratory: Laboratory):
    request = InstructedRequest(question="2 + 2? <|im_end|>", system="Be kind.", n=1, max_tokens=4)
    parts = await parts_of(instructed, laboratory, request)
    assert only(parts, Progress) == [Progress(done, 4) for done in (1, 2, 3, 4, 4)]
    document = only(parts, Document)[0]
    assert document.text == (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\n2 + 2? <|im_end|><|im_end|>\n<|im_start|>assistant\n"
    )


def test_kl_in_bits():
    p, q = np.array([[0.5, 0.5, 0.0]]), np.array([[0.25, 0.5, 0.25]])
    with np.errstate(divide="ignore"):
        rows = np.log(p).astype(np.float32), np.log(q).astype(np.float32)
    assert kl_bits(*rows) == pytest.approx([0.5])
    assert kl_bits(rows[1], rows[1]) == pytest.approx([0.0])
    assert rank_of(rows[1][0], 1) == 1
    assert rank_of(rows[1][0], 0) == 2


async def test_the_shift_names_every_token_of_the_answer(laboratory: Laboratory):
    request = ShiftRequest(question="2 + 2?", answer=" 2 + 2 = 4. Yes.", templates=[TEMPLATE, dress.BARE])
    parts = await parts_of(costume_shift, laboratory, request)
    shifts = only(parts, Shift)
    assert len(shifts) == 2 * len(" 2 + 2 = 4. Yes.")
    assert parts[0] == Progress(0, 32)
    assert only(parts, Progress) == [Progress(done, 32) for done in (0, 8, 16, 24, 32)]
    assert [shift.kl_bits for shift in shifts if shift.costume == 1] == pytest.approx([0.0] * 16)
    assert shifts[0].kl_bits > 1  # a question mark and a colon are followed by other things
    assert all(shift.kl_bits == pytest.approx(0) for shift in shifts[1:16])  # it looks one byte back
    assert shifts[0].movers[0].dressed > shifts[0].movers[0].bare


def test_a_costume_over_http(client):
    body = asked(n=1).model_dump(mode="json")
    kinds = [kind for kind, _ in events(client.post("/api/experiments/dressed", json=body).text)]
    assert kinds[0] == "document"
    assert kinds[-1] == "done"
    assert client.post("/api/experiments/dressed", json=body | {"template": "none"}).status_code == 422


def test_the_presets_are_requests_and_were_measured():
    presets = read_presets("assistant")
    results = read_measurement("assistant", "gemma-3-270m").results
    for preset in presets:
        EXPERIMENTS[preset.experiment].request.model_validate_json(json.dumps(preset.request))
        assert results[preset.id]


async def test_the_movers_are_those_tokens_that_moved_most(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
):
    size = laboratory.engine.vocabulary_size

    def row(place: int):
        logits = np.random.default_rng(place).normal(0, 3, size)
        return (logits - np.logaddexp.reduce(logits)).astype(np.float32)

    async def distributions(_, token_ids, *, start):
        return np.stack([row(place) for place in range(start, len(token_ids))])

    monkeypatch.setattr(Laboratory, "distributions", distributions)
    request = ShiftRequest(question="2 + 2?", answer="four, as always", templates=[TEMPLATE])
    shifts = only(await parts_of(costume_shift, laboratory, request), Shift)
    starts = [
        len(laboratory.encode(text)) - 1 for text in (TEMPLATE.replace(dress.PLACE, "2 + 2?"), "2 + 2?")
    ]
    assert [(shift.index, shift.token.id) for shift in shifts] == list(enumerate(b"four, as always"))
    for index, shift in enumerate(shifts):
        there, bare = (np.exp(row(start + index)) for start in starts)
        most = np.argsort(-abs(there - bare))[:6]
        assert [mover.token.id for mover in shift.movers] == list(most)
        assert [mover.dressed for mover in shift.movers] == pytest.approx(list(there[most]))
        assert [mover.bare for mover in shift.movers] == pytest.approx(list(bare[most]))
        assert shift.favourite.id == there.argmax()
        assert shift.favourite_bare_rank == 1 + (bare > bare[there.argmax()]).sum()


@pytest.mark.parametrize(
    "changes", [{"question": "?"}, {"question": "x" * 2000}, {"seed": 0}, {"seed": 2**53 - 1}, {"n": 1}]
)
def test_what_is_just_within_bounds_is_taken(changes: dict[str, object]):
    asked(**changes)


@pytest.mark.parametrize("changes", [{"question": "x" * 2001}, {"seed": -1}, {"seed": 2**53}, {"n": 0}])
def test_what_is_just_beyond_bounds_is_refused(changes: dict[str, object]):
    with pytest.raises(ValidationError):
        asked(**changes)


async def test_the_tuned_models_format_leaves_room_for_the_answer(laboratory: Laboratory):
    def request(letters: int) -> InstructedRequest:
        return InstructedRequest(question="x" * letters, n=1, max_tokens=12)

    document = only(await parts_of(instructed, laboratory, request(1)), Document)[0]
    room = 256 - 12 - len(document.tokens) + 1
    assert len(only(await parts_of(instructed, laboratory, request(room)), Document)[0].tokens) == 256 - 12
    with pytest.raises(ContextOverflow):
        await anext(instructed(laboratory, request(room + 1)))


async def test_a_forced_answer_may_fill_the_window_and_no_more(laboratory: Laboratory):
    """The longest of the documents counts, the answer included."""

    def request(letters: int) -> ShiftRequest:
        return ShiftRequest(question="x" * letters, answer="four", templates=[TEMPLATE])

    room = 256 - len(TEMPLATE.replace(dress.PLACE, "")) - len("four")
    assert len(only(await parts_of(costume_shift, laboratory, request(room)), Shift)) == 4
    with pytest.raises(ContextOverflow, match="prompt is 257 tokens; fake reads at most 256"):
        await anext(costume_shift(laboratory, request(room + 1)))


async def test_documents_leave_room_for_the_answer_and_say_how_much(laboratory: Laboratory):
    """A dressed one, a bare one and the tuned model's, of 256 places, twelve of them the answer's."""
    around = len(TEMPLATE.replace(dress.PLACE, ""))
    fits = only(
        await parts_of(dressed, laboratory, asked(question="x" * (244 - around), bare=False)), Document
    )
    assert len(fits[0].tokens) == 244
    for experiment, request in (
        (dressed, asked(question="x" * (245 - around))),
        (instructed, InstructedRequest(question="x" * 245, max_tokens=12)),
    ):
        with pytest.raises(ContextOverflow, match=r"prompt is \d+ tokens; fake reads at most 244"):
            await anext(experiment(laboratory, request))


async def test_only_as_many_turns_go_as_must(laboratory: Laboratory):
    turns = [{"question": f"question number {i} is a long one", "answer": "yes " * 8} for i in range(6)]
    document = only(await parts_of(dressed, laboratory, asked(turns=turns)), Document)[0]
    one = len(dress.document_text(dress.build(dress.cut_template("A: {question}\nB:"), [], "")))
    one += len("question number 0 is a long one") + len(" " + "yes " * 8 + dress.BETWEEN_TURNS)
    assert 244 - one < len(document.tokens) <= 244


def test_blanks_alone_are_no_question_and_no_stop():
    for changes in ({"question": " \n"}, {"stop": " "}):
        with pytest.raises(ValidationError, match="only blanks are not enough"):
            asked(**changes)


async def test_an_answer_counts_as_right_by_what_stands_before_the_stop(laboratory: Laboratory):
    wrong = only(await parts_of(dressed, laboratory, asked(expected="5")), Answers)
    assert [side.answered for side in wrong] == [0, 0]
    assert {answer.answered for side in wrong for answer in side.answers} == {False}
    unasked = only(await parts_of(dressed, laboratory, asked()), Answers)
    assert [side.answered for side in unasked] == [None, None]
    assert {answer.answered for side in unasked for answer in side.answers} == {None}


async def test_an_end_of_text_at_once_is_an_empty_answer_and_no_text(laboratory: Laboratory):
    laboratory.engine.runner._background[EOS] = 60.0
    answer = only(await parts_of(dressed, laboratory, asked(bare=False)), Answers)[0].answers[0]
    assert (answer.shown, answer.own, answer.next_line, answer.at_once) == ("", "", None, True)
    assert answer.finish_reason == "end-of-text"
    assert [token.id for token in answer.tokens] == [EOS]
