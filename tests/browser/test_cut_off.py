"""A line that breaks: the page says so, keeps what came, runs nothing twice, and finds the server again by itself."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.proxy import Faults, proxy
from tests.in_browser import NewPage, Troubles
from tests.kit.program import program
from tests.pages.playground.editor import PROMPT, ended, open_with, text, write

Behind = Callable[[Faults], Page]
BROKEN = "ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_(RESET|REFUSED|CLOSED)|ERR_EMPTY_RESPONSE"


@pytest.fixture
def behind(live_server: str, new_page: NewPage, troubles: Troubles) -> Iterator[Behind]:
    """A page that reaches the site through a proxy with these faults."""
    troubles.expect(BROKEN)
    open_proxies = []

    def open_page(faults: Faults) -> Page:
        opened = proxy(urlsplit(live_server).port, faults)
        port = opened.__enter__()
        open_proxies.append(opened)
        troubles.hosts.add(f"127.0.0.1:{port}")
        return new_page(base_url=f"http://127.0.0.1:{port}")

    yield open_page
    for opened in open_proxies:
        opened.__exit__(None, None, None)


def generations(page: Page) -> list[str]:
    """Every request from now on that makes the model work."""
    asked: list[str] = []
    page.on("request", lambda request: request.method == "POST" and asked.append(urlsplit(request.url).path))
    return asked


def status(page: Page):
    return page.locator("header button.model-status")


def test_a_stream_cut_on_its_way_is_said_and_what_came_stays(behind: Behind):
    faults = Faults()
    page = behind(faults)
    open_with(page)
    asked = generations(page)
    faults.cut_at, faults.cut_count = b"event: token", 5
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.locator("main status-message")).to_contain_text("The answer broke off before its end.")
    expect(page.locator("#outcome")).to_contain_text("Broke off; what came is kept.")
    assert text(page).startswith(PROMPT)
    assert len(text(page)) > len(PROMPT)
    page.wait_for_timeout(1500)
    assert asked.count("/api/completions") == 1  # nothing is run again by itself
    faults.cut_at = b""
    kept = text(page)
    write(page)  # and a person can go on
    assert text(page).startswith(kept)
    assert len(text(page)) > len(kept)


def test_every_place_where_a_stream_can_be_cut_is_said(behind: Behind):
    faults = Faults()
    page = behind(faults)
    open_with(page)
    for cut_at, count in (
        (b"event: queued", 1),
        (b"event: token", 1),
        (b'"finish_reason":"length"', 1),
        (b"event: done", 1),
    ):
        faults.cut_at, faults.cut_count = cut_at, count
        page.get_by_role("button", name="One more token").click()
        expect(page.locator("#outcome")).to_contain_text("Broke off")
        ended(page)
    assert faults.cuts == 4


def test_an_experiment_cut_on_its_way_is_said_and_its_parts_stay(behind: Behind):
    faults = Faults(cut_at=b"event: ", cut_count=4)
    page = behind(faults)
    page.goto("/hallucination#own")
    asked = generations(page)
    own = page.locator("[data-asking=own]")
    own.get_by_role("textbox").fill("My favourite colour is")
    own.get_by_role("button", name="Ask 16 times").click()
    expect(own).to_contain_text("The answer broke off before its end. What came is kept.")
    page.wait_for_timeout(1500)
    assert len([path for path in asked if "/experiments/" in path]) == 1
    faults.cut_at = b""
    own.get_by_role("button", name="Ask again").click()
    expect(own).to_contain_text("Answered by fake on", timeout=30_000)


def test_a_killed_server_is_missed_and_found_again_without_running_anything(
    new_page: NewPage, troubles: Troubles, tmp_path: Path
):
    troubles.expect(BROKEN)
    with program(tmp_path / "first", ms_per_token=60) as first:
        troubles.hosts.add(f"127.0.0.1:{first.port}")
        page = new_page(base_url=f"http://127.0.0.1:{first.port}")
        open_with(page)
        page.get_by_label("Tokens at most").fill("200")
        page.get_by_role("button", name="Continue", exact=True).click()
        page.wait_for_function("() => document.querySelector('document-editor').entries.length > 12")
        asked = generations(page)
        first.stop(signal.SIGKILL)
        expect(page.locator("#outcome")).to_contain_text("Broke off; what came is kept.")
        expect(page.locator("main status-message")).to_contain_text("The answer broke off before its end.")
        expect(status(page)).to_contain_text("no answer")
        kept = text(page)
    with program(tmp_path / "second", "--port", str(first.port)) as second:
        expect(status(page)).to_contain_text("ready", timeout=15_000)
        page.wait_for_timeout(1000)
        assert not [path for path in asked if "completions" in path or "experiments" in path]
        assert second.metrics()["pg_tokens_total"] == 0
        assert text(page) == kept
        write(page, "One more token")
        assert second.metrics()["pg_tokens_total"] == 1
