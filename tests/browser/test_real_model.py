"""The whole path with nothing made up: the default model's weights, the server, the browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.main import create_app
from app.settings import Settings
from tests.browser.neighbours import noisy
from tests.in_browser import Troubles
from tests.live import serve, wait_until
from tests.pages.playground.editor import at_most, ended, ids, open_with, same_dice

pytestmark = pytest.mark.weights
PATIENCE = 60_000  # milliseconds, for a text of 48 tokens beside others


@pytest.fixture(scope="module")
def real_server(default_model: Path) -> Iterator[str]:
    app = create_app(Settings(weights_dir=default_model.parent, context_length=1024))
    with serve(app) as port:
        wait_until(lambda: app.state.site.host.state()["loaded"] is not None, 120)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def students(browser: Browser, real_server: str) -> Iterator[list[Page]]:
    """Eight people with a page of their own each, in eight clean profiles."""
    troubles = Troubles(urlsplit(real_server).netloc)
    contexts: list[BrowserContext] = []
    pages = []
    for _ in range(8):
        context = browser.new_context(base_url=real_server, locale="en")
        context.set_default_timeout(60_000)
        troubles.watch(context)
        contexts.append(context)
        pages.append(context.new_page())
    yield pages
    for context in contexts:
        context.close()
    assert troubles.unexpected() == []


def metric(server: str, name: str) -> float:
    lines = httpx.get(f"{server}/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[-1])


def begin(page: Page, prompt: str) -> None:
    page.goto("/playground")
    document = page.get_by_role("textbox", name="Document")
    document.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(prompt)
    page.wait_for_function(
        "() => { const e = document.querySelector('document-editor').entries;"
        " return e.length > 0 && e.every(({draft}) => draft === undefined) }"
    )


def test_eight_students_stream_at_once_and_each_gets_their_own_text(students: list[Page], real_server: str):
    prompts = [f"Student number {number} opened the door and saw" for number in range(8)]
    for page, prompt in zip(students, prompts, strict=True):
        begin(page, prompt)
    before = metric(real_server, "pg_tokens_total")
    for page in students:
        page.get_by_role("button", name="Ten more tokens", exact=True).click()
    for page, prompt in zip(students, prompts, strict=True):
        expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled(timeout=60_000)
        text = page.get_by_role("textbox", name="Document").input_value()
        assert text.startswith(prompt) and len(text) > len(prompt)
    assert 8 <= metric(real_server, "pg_tokens_total") - before <= 80  # fewer where a text ended early
    wait_until(lambda: metric(real_server, "pg_running") == 0, 30)  # each page scores its own text once


def test_closing_the_tab_frees_the_slot(students: list[Page], real_server: str):
    page = students[0]
    begin(page, "Once upon a time, in a land of a thousand lakes,")
    page.get_by_label("Tokens at most").fill("400")
    page.get_by_label("Tokens at most").blur()
    page.get_by_role("button", name="Continue", exact=True).click()
    wait_until(lambda: metric(real_server, "pg_running") == 1, 60)
    page.close()
    wait_until(lambda: metric(real_server, "pg_running") == 0, 5)
    written = metric(real_server, "pg_tokens_total")
    page_of_a_neighbour = students[1]
    page_of_a_neighbour.goto("/")
    assert metric(real_server, "pg_tokens_total") == written


def set_up(page: Page, prompt: str, seed: int) -> None:
    open_with(page, prompt)
    at_most(page, 48)
    same_dice(page, seed)


def shown(page: Page) -> list[list[float]]:
    """Every token on the screen with the model's log-probability of it, where the model wrote it."""
    return page.evaluate(
        "() => document.querySelector('document-editor').entries"
        ".map(({id, by, step}) => by === 'model' ? [id, step.raw_logprob] : [id])"
    )


def begin_writing(page: Page) -> None:
    page.get_by_role("button", name="Continue", exact=True).click()


@pytest.mark.parametrize("prompt", ["In the middle of the forest stood a", "从前有一座山，山里有一座庙，"])
def test_everyone_who_sets_seed_618_gets_the_same_text(students: list[Page], real_server: str, prompt: str):
    if httpx.get(f"{real_server}/api/models").json()["engine"]["numerics"] != "same":
        pytest.skip("on this machine a text depends on who else writes")
    one, another, later, other_dice = students[:4]
    for page in (one, another, later):
        set_up(page, prompt, seed=618)
    set_up(other_dice, prompt, seed=619)
    with noisy(real_server, 6) as neighbours:
        wait_until(lambda: neighbours.tokens > 20, 60)
        before = neighbours.tokens
        begin_writing(one)
        begin_writing(another)
        ended(one, PATIENCE)
        ended(another, PATIENCE)
        heard = neighbours.tokens - before
        one.get_by_text("Share, replay, download").click()
        one.get_by_role("button", name="Replay the last run").click()
        expect(one.locator("#share-said")).to_contain_text(
            re.compile(r"Replayed with seed 618: all \d+ tokens are the same"), timeout=PATIENCE
        )
    wait_until(lambda: metric(real_server, "pg_running") == 0, 30)
    for page in (later, other_dice):  # on a quiet server
        begin_writing(page)
        ended(page, PATIENCE)
    assert shown(one) == shown(another) == shown(later)
    assert ids(other_dice) != ids(one)
    written = sum(len(token) == 2 for token in shown(one))
    assert written > 20 and heard > 2 * written  # a text of some length, and neighbours all the while
