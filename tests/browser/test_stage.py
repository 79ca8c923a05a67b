"""A page told in steps: each step fits one screen, can be read from the last row, and has an address."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from app.main import create_app
from app.pages.registry import PAGES
from app.settings import Settings
from tests.in_browser import NewPage

DESK = {"viewport": {"width": 1280, "height": 720}}
PROJECTOR = {"viewport": {"width": 1920, "height": 1080}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
LEAST_READ, LEAST = 32, 24  # px on a projector: what is read, and everything else


def told_in_steps() -> Iterator[tuple[str, str]]:
    """Every step of every page: path, name."""
    client = TestClient(create_app(Settings(engine="fake")), base_url="http://localhost")
    for page in PAGES:
        if page.development:
            continue
        html = client.get(page.path).text
        foot = re.search(r'(?s)<ol class="stage-steps".*?</ol>', html)
        for name in re.findall(r'href="#([\w-]+)"', foot[0]) if foot else ():
            yield page.path, name


STEPS = list(told_in_steps())
PATHS = sorted({path for path, _ in STEPS})
paths = pytest.mark.parametrize("path", PATHS)


def steps_of(path: str) -> list[str]:
    return [name for of, name in STEPS if of == path]


def at_each_step(page: Page, path: str, *, projector: bool = False) -> Iterator[str]:
    """Opens the page once, and then walks through its steps by their addresses."""
    if projector:
        page.add_init_script("localStorage.setItem('projector', 'on')")
    for step in steps_of(path):
        page.goto(f"{path}#{step}")
        page.wait_for_load_state("networkidle")
        expect(page.locator(".stage-steps [aria-current]")).to_have_attribute("href", f"#{step}")
        yield step


@paths
@pytest.mark.parametrize(("options", "projector"), [(DESK, False), (PROJECTOR, True)], ids=["desk", "wall"])
def test_a_step_fits_one_screen(new_page: NewPage, path: str, options: dict, projector: bool):
    page = new_page(**options)
    for step in at_each_step(page, path, projector=projector):
        beyond = page.evaluate(
            """(() => {
              const main = document.querySelector("main"), root = document.documentElement;
              return [main.scrollHeight - main.clientHeight, root.scrollWidth - innerWidth, root.scrollHeight - innerHeight];
            })()"""
        )
        assert max(beyond) <= 0, (step, beyond)


@paths
def test_on_a_phone_the_claim_and_the_main_button_are_seen_together(new_page: NewPage, path: str):
    page = new_page(**PHONE)
    for step in at_each_step(page, path):
        expect(page.locator(".claim")).to_be_in_viewport(ratio=1)
        buttons = page.locator(".screen .button-primary").locator("visible=true")
        assert buttons.count() <= 1, step  # one idea, one button
        if buttons.count():
            expect(buttons).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, step


@paths
def test_on_a_wall_everything_is_large_enough(new_page: NewPage, path: str):
    page = new_page(**PROJECTOR)
    for step in at_each_step(page, path, projector=True):
        small = page.evaluate(
            """([least, read]) => {
              const walker = document.createTreeWalker(document.querySelector(".screen"), NodeFilter.SHOW_TEXT);
              const small = [];
              while (walker.nextNode()) {
                const { parentElement: element, data } = walker.currentNode;
                const unseen = element.closest(".visually-hidden, [aria-hidden=true]") || !element.checkVisibility();
                if (data.trim() === "" || unseen) continue;
                const size = parseFloat(getComputedStyle(element).fontSize);
                const bound = element.closest(".why, .choice, .roll-sentence, .button-primary") ? read : least;
                if (size < bound - 0.1) small.push([data.trim().slice(0, 40), size]);
              }
              return small;
            }""",
            [LEAST, LEAST_READ],
        )
        assert small == [], step
    chrome = page.evaluate(
        "['.page-header', '.stage-foot'].reduce((sum, each) => sum + document.querySelector(each).offsetHeight, 0)"
    )
    assert chrome <= 108  # a tenth of the height


@paths
@pytest.mark.parametrize("width", [390, 320])
def test_the_foot_of_a_small_phone_keeps_its_parts_apart(new_page: NewPage, path: str, width: int):
    page = new_page(viewport={"width": width, "height": 844}, has_touch=True)
    for step in at_each_step(page, path):
        right, left = page.evaluate(
            """(() => {
              const dots = [...document.querySelectorAll(".stage-steps li")].filter((dot) => dot.checkVisibility());
              const details = document.querySelector(".stage-foot [popovertarget]");
              return [dots.at(-1).getBoundingClientRect().right, details.getBoundingClientRect().left];
            })()"""
        )
        assert right <= left, step


@paths
def test_steps_have_addresses_dots_and_a_way_back(page: Page, path: str):
    names = steps_of(path)
    page.goto(path)
    for name in names[1:]:
        page.locator("a.stage-next:not([rel])").locator("visible=true").click()
        expect(page).to_have_url(re.compile(f"#{name}$"))
        expect(page.locator(".stage-steps [aria-current]")).to_have_attribute("href", f"#{name}")
    for name in reversed(names[:-1]):
        page.go_back()
        expect(page.locator(".stage-steps [aria-current]")).to_have_attribute(
            "href", re.compile(f"#({name}|{names[0]})$")
        )


@paths
def test_show_all_gives_the_whole_page(page: Page, path: str):
    page.goto(path)
    page.get_by_role("button", name="Details").click()
    page.get_by_role("button", name="Show all steps").click()
    hidden = page.evaluate(
        "[...document.querySelectorAll('main [data-off]')].filter((part) => !part.checkVisibility()).length"
    )
    assert hidden == 0


def test_nothing_jumps_when_results_come(new_page: NewPage):
    """Layout shift while one rolls, on the two pages that roll."""
    for path in ("/#roll", "/sampling#try"):
        page = new_page(**DESK)
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.evaluate(
            """() => {
              globalThis.shift = 0;
              new PerformanceObserver((list) => { for (const entry of list.getEntries()) globalThis.shift += entry.value; })
                .observe({ type: "layout-shift" });
            }"""
        )
        for _ in range(3):
            page.get_by_role("button", name=re.compile("^Roll( the dice)?$")).click()
            page.wait_for_timeout(900)
        assert page.evaluate("globalThis.shift") <= 0.02, path
