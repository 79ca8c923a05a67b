"""The teacher's page, and what a teacher can put on every screen."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.in_browser import TEACHER, NewPage, Troubles, axe
from tests.kit.program import Program, program
from tests.pages.playground.editor import open_with, text, text_area, write

Tell = Callable[..., None]
LINK = f"/status#teacher={TEACHER}"
ASK_NOW = "document.dispatchEvent(new Event('visibilitychange'))"  # as a tab does that is looked at again


@pytest.fixture
def tell(browser, live_server: str) -> Iterator[Tell]:
    """Change what every screen shows, as the teacher does; afterwards it is as it was."""
    teacher = browser.new_context(base_url=live_server, extra_http_headers={"X-Teacher": TEACHER})

    def change(**changes: object) -> None:
        assert teacher.request.post("/api/class", data=changes).ok

    yield change
    change(curtain=False, note=False, blur=[])
    teacher.close()


def curtain(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Eyes to the front")


def blurred(page: Page, where: str = "body") -> list[str]:
    """The words that are blurred there, as they stand in the text."""
    return page.evaluate(
        """where => Array.from(CSS.highlights.get("blurred") ?? [])
          .filter(({ startContainer }) => startContainer.parentElement.closest(where))
          .map(({ startContainer, startOffset, endContainer, endOffset }) => {
            const range = document.createRange();
            range.setStart(startContainer, startOffset);
            range.setEnd(endContainer, endOffset);
            return range.toString();
          })""",
        where,
    )


def test_without_the_secret_the_page_says_where_it_is(page: Page):
    page.goto("/status")
    expect(page.get_by_role("heading", name="This page is the teacher’s")).to_be_visible()
    expect(page.get_by_role("heading", name="On every screen")).to_be_hidden()
    axe(page)
    page.get_by_label("Or type the secret").focus()
    page.keyboard.type(TEACHER)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pause all screens")).to_be_visible()


def test_the_teachers_link_opens_the_page_and_leaves_the_address(page: Page, new_page: NewPage):
    page.goto(LINK)
    expect(page.get_by_text("of 32").first).to_be_visible()
    assert page.url.endswith("/status")
    page.reload()
    expect(page.get_by_text("of 32").first).to_be_visible()
    other = new_page()
    other.goto("/status")
    expect(other.get_by_role("heading", name="This page is the teacher’s")).to_be_visible()


def test_a_wrong_secret_is_said_and_forgotten(page: Page, troubles: Troubles):
    troubles.expect("401")
    page.goto("/status#teacher=of-yesterday")
    expect(page.get_by_text("That is not this server’s secret.")).to_be_visible()
    expect(page.get_by_label("Or type the secret")).to_be_visible()
    page.goto("/")
    page.goto("/status")
    expect(page.get_by_text("That is not this server’s secret.")).to_have_count(0)


def test_who_runs_is_shown_without_a_word_of_their_text(page: Page, new_page: NewPage):
    student = new_page()
    open_with(student, "The canary sings of marmalade")
    student.get_by_label("Tokens at most").fill("900")
    student.get_by_role("button", name="Continue", exact=True).click()
    page.goto(LINK)
    row = page.get_by_role("row").filter(has_text="continues a text")
    expect(row.first).to_be_visible()
    expect(page.get_by_text("Nobody waits.")).to_be_visible()
    seen = page.evaluate(
        "fetch('/api/status', {headers: {'X-Teacher': localStorage.getItem('teacher')}}).then((r) => r.text())"
    )
    assert "marmalade" not in seen
    assert student.evaluate("sessionStorage.getItem('client')") not in seen
    axe(page)
    student.get_by_role("button", name="Stop", exact=True).click()
    page.evaluate(ASK_NOW)
    expect(page.get_by_text("Nobody runs anything just now.")).to_be_visible()


def test_the_door_shows_the_address_and_its_squares(page: Page):
    page.goto(LINK)
    expect(page.get_by_text("python -m app --lan")).to_be_visible()  # this server listens to itself alone
    answer = page.request.get("/api/status", headers={"X-Teacher": TEACHER}).json()
    answer["addresses"] = ["http://192.168.1.23:8000", "http://10.0.0.23:8000"]
    page.route("**/api/status", lambda route: route.fulfill(json=answer))
    page.evaluate(ASK_NOW)
    expect(page.get_by_role("img", name="QR code of http://192.168.1.23:8000")).to_be_visible()
    expect(page.get_by_text("http://10.0.0.23:8000")).to_be_visible()
    expect(page.get_by_role("link", name="Open the Join view")).to_have_attribute("href", "/join")
    for projector in (False, True):
        if projector:
            page.get_by_role("button", name="Projector").click()
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "Other programs are using 1.0 of this machine’s 2 cores"),
        ("zh-CN", "本机 2 个处理器核心中的 1.0 个"),
    ],
)
def test_a_busy_machine_is_said_and_a_quiet_one_is_not(page: Page, language: str, says: str):
    page.goto(f"/status?lang={language}#teacher={TEACHER}")
    expect(page.locator(".class-counts")).to_be_visible()
    expect(page.locator(".class-company")).to_have_count(0)
    answer = page.request.get("/api/status", headers={"X-Teacher": TEACHER}).json()
    answer["cores"] = {"count": 2, "others": 1.04, "threads": 1, "crowded": True}
    page.route("**/api/status", lambda route: route.fulfill(json=answer))
    page.evaluate(ASK_NOW)
    expect(page.locator(".class-company")).to_contain_text(says)
    axe(page)
    answer["cores"] |= {"others": 0.3, "threads": 2, "crowded": False}
    page.evaluate(ASK_NOW)
    expect(page.locator(".class-company")).to_have_count(0)


def test_the_curtain_covers_every_screen_but_the_teachers_and_loses_nothing(
    page: Page, new_page: NewPage, tell: Tell
):
    student, teacher = new_page(), page
    open_with(student, "Half a sentence and 草莓")
    teacher.goto(LINK)
    teacher.get_by_role("button", name="Pause all screens").press("Enter")
    expect(curtain(student)).to_be_visible(timeout=15_000)  # by itself
    for _ in range(2):
        for key in ("Escape", "Escape", "Tab", "x", "Enter", "Control+Enter"):
            student.keyboard.press(key)
        student.mouse.click(300, 300)  # the focus goes elsewhere
    expect(curtain(student)).to_be_visible()
    size = student.viewport_size
    assert curtain(student).bounding_box() == {"x": 0, "y": 0, **size}
    for x, y in ((5, 5), (size["width"] / 2, size["height"] - 5)):
        assert student.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).closest('.curtain') !== null", [x, y]
        )
    axe(student)
    teacher.goto("/playground")  # the teacher goes on, and is told
    expect(curtain(teacher)).to_have_count(0)
    expect(teacher.get_by_text("All screens but yours are paused.")).to_be_visible()
    tell(curtain=False)
    student.evaluate(ASK_NOW)
    expect(curtain(student)).to_have_count(0)
    assert text(student) == "Half a sentence and 草莓"
    expect(text_area(student)).to_be_focused()


def test_a_pause_reaches_every_page_within_a_second(page: Page, new_page: NewPage, tell: Tell):
    page.goto(LINK)
    page.get_by_role("button", name="Pause all screens").wait_for()  # from now on pages ask often
    student = new_page()
    student.goto("/tokenizer")
    student.evaluate(
        """() => {
          const draw = (wanted) => new Promise((resolve) => {
            const look = () => (document.querySelector("dialog.curtain").open === wanted
              ? resolve(Date.now()) : setTimeout(look, 10));
            look();
          });
          window.drawn = draw(true);
          window.open_again = window.drawn.then(() => draw(false));
        }"""
    )
    for name, seen in (("Pause all screens", "drawn"), ("Resume", "open_again")):
        told = page.evaluate("Date.now()")
        page.get_by_role("button", name=name).click()
        waited = student.evaluate(seen) - told
        assert waited < 2_000, waited  # 0.8 s and the way, on a machine that runs other tests


def test_every_window_of_the_teachers_browser_is_the_teachers(page: Page, new_page: NewPage, tell: Tell):
    beamer, student = page, new_page()
    beamer.goto("/playground")
    tell(curtain=True)
    beamer.evaluate(ASK_NOW)
    expect(curtain(beamer)).to_be_visible()
    remote = beamer.context.new_page()
    remote.goto(LINK)
    expect(remote.get_by_role("button", name="Resume")).to_be_visible()
    expect(curtain(beamer)).to_have_count(0)  # at once, without a reload
    late = beamer.context.new_page()
    late.goto("/")
    expect(late.get_by_text("All screens but yours are paused.")).to_be_visible()
    expect(curtain(late)).to_have_count(0)
    student.goto("/")
    expect(curtain(student)).to_be_visible()
    remote.get_by_role("button", name="Forget the secret in this browser").click()
    expect(remote.get_by_label("Or type the secret")).to_be_visible()
    expect(curtain(beamer)).to_be_visible()


def test_the_secret_of_yesterday_does_not_take_todays_away(page: Page, troubles: Troubles):
    """A window that still asks with the old secret hears of its error after another window has the new one."""
    troubles.expect("401")
    page.goto("/status")
    kept = page.evaluate(
        """async (secret) => {
          const { teacher } = await import("/static/js/base/teacher.js");
          const { getJson } = await import("/static/js/base/api.js");
          teacher.keep("of yesterday");
          const asked = getJson("/api/status");
          teacher.keep(secret);
          await asked;
          return teacher.secret;
        }""",
        TEACHER,
    )
    assert kept == TEACHER


def test_the_teacher_sees_how_many_are_here(page: Page, new_page: NewPage):
    for _ in range(2):
        new_page().goto("/tokenizer")
    page.goto(LINK)
    here = page.locator("class-pause")
    expect(here).to_contain_text(re.compile(r"\d+ (is|are) here"))
    answer = page.request.get("/api/status", headers={"X-Teacher": TEACHER}).json()
    page.route("**/api/status", lambda route: route.fulfill(json=answer))
    for present, says in ((0, "0 are here"), (1, "1 is here"), (28, "28 are here")):
        answer["present"] = present
        page.evaluate(ASK_NOW)
        expect(here).to_contain_text(says)


def test_on_a_phone_the_pause_stays_under_the_thumb(new_page: NewPage):
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(LINK)
    button = page.get_by_role("button", name="Pause all screens")
    for where in ("0", "document.body.scrollHeight / 2", "document.body.scrollHeight"):
        page.evaluate(f"scrollTo(0, {where})")
        box = button.bounding_box()
        assert box["y"] > 844 * 0.75 and box["y"] + box["height"] <= 844
        assert box["height"] >= 44 and box["width"] >= 150
    foot = page.locator(".page-footer").bounding_box()
    assert foot["y"] + foot["height"] <= box["y"]  # it covers nothing at the end of the page
    axe(page)


def test_a_reload_does_not_open_the_curtain(page: Page, new_page: NewPage, tell: Tell):
    tell(curtain=True)
    page.goto("/", wait_until="commit")
    expect(page.locator(".curtain")).to_be_visible()
    expect(curtain(page)).to_be_visible()
    chinese = new_page(locale="zh-CN")
    chinese.goto("/sampling")
    expect(chinese.get_by_role("dialog", name="请看前面")).to_be_visible()
    page.goto("/status")  # where a teacher becomes one
    expect(page.get_by_label("Or type the secret")).to_be_visible()


def test_the_content_note_stands_on_every_page(page: Page, tell: Tell):
    note = page.get_by_role("complementary", name="To the class")
    page.goto("/tokenizer")
    expect(note).to_have_count(0)
    tell(note=True)
    page.evaluate(ASK_NOW)
    expect(note).to_contain_text("A base model continues anything, in any tone.")
    axe(page)
    page.goto("/hallucination?lang=zh-CN")
    expect(page.get_by_role("complementary", name="致全班")).to_contain_text("基座模型什么都会续写")


def test_words_are_blurred_to_the_eye_alone(page: Page, tell: Tell):
    open_with(page, "My favourite colour is blue, colourful blue")
    tell(blur=["colour", "BLUE", "Continue"])
    page.evaluate(ASK_NOW)
    expect(page.get_by_text("No list is complete.")).to_be_visible()
    assert blurred(page, ".document-mirror") == ["colour", "blue", "blue"]  # whole words only
    assert "Continue" in blurred(page)
    assert text(page) == "My favourite colour is blue, colourful blue"
    assert page.evaluate(
        "getComputedStyle(document.querySelector('.document-mirror'), '::highlight(blurred)').color"
    ) == ("rgba(0, 0, 0, 0)")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.document-text')).color")
        == "rgba(0, 0, 0, 0)"
    )
    text_area(page).press("Control+End")
    page.keyboard.insert_text(" and blue")
    expect(page.locator(".document-mirror")).to_contain_text("and blue")
    assert blurred(page, ".document-mirror") == ["colour", "blue", "blue", "blue"]
    tell(blur=[])
    page.evaluate(ASK_NOW)
    expect(page.get_by_text("No list is complete.")).to_have_count(0)
    assert blurred(page) == []


def test_a_word_of_several_tokens_is_blurred_where_each_is_an_element(page: Page, tell: Tell):
    tell(blur=["tokenization"])
    page.goto("/tokenizer")
    page.get_by_label("Text to cut into tokens").fill("untokenizable tokenization")
    expect(page.locator("token-strip").first).to_contain_text("ization")
    page.wait_for_function("() => (CSS.highlights.get('blurred')?.size ?? 0) > 0")
    assert set(blurred(page)) == {"tokenization"}


def test_the_teachers_wishes_are_said_back(page: Page, tell: Tell):
    page.goto(LINK)
    page.get_by_label("Blur these words").fill("one, two\nthree")
    page.get_by_role("button", name="Blur", exact=True).click()
    said = page.get_by_text("Every screen follows in a moment.")
    expect(said).to_be_visible()
    with page.expect_response("**/api/status"):
        pass
    page.wait_for_timeout(100)
    expect(said).to_be_visible()  # the next look at the server has no say in it
    expect(page.get_by_text("3 words are blurred")).to_be_visible()
    expect(page.get_by_text("Words typed into the Playground’s document are blurred, too")).to_be_visible()
    page.get_by_label("Content note on every page").check()
    expect(page.get_by_role("complementary", name="To the class")).to_be_visible()
    page.get_by_role("button", name="Pause all screens").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()


@pytest.mark.parametrize(("seconds", "least", "most"), [(0.4, 60, 150), (5, 5, 12)])
def test_asking_is_as_often_as_is_told_never_in_step_and_not_at_all_while_nobody_looks(
    page: Page, seconds: float, least: int, most: int
):
    state = {"curtain": False, "note": False, "blur": [], "ask_again_seconds": seconds}
    page.route("**/api/class", lambda route: route.fulfill(json=state))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
    page.clock.install()
    page.goto(LINK)
    expect(page.get_by_text("of 32").first).to_be_visible()
    page.evaluate(ASK_NOW)
    page.wait_for_timeout(200)
    asked.clear()
    for _ in range(300):
        page.clock.run_for(200)
        page.wait_for_timeout(5)
    assert least <= asked.count("class") <= most
    assert 7 <= asked.count("status") <= 17
    page.evaluate(
        "Object.defineProperty(document, 'visibilityState', {value: 'hidden'}); document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.wait_for_timeout(200)
    asked.clear()
    page.clock.run_for(120_000)
    page.wait_for_timeout(200)
    assert asked == []


def test_a_server_that_is_full_is_asked_again_and_the_page_says_so(page: Page, troubles: Troubles):
    troubles.expect("429")
    tries = []

    def answer(route) -> None:
        tries.append(route.request.url)
        if len(tries) > 1:
            route.continue_()
            return
        error = {"code": "queue_full", "message": "every place is taken"}
        route.fulfill(
            status=429,
            headers={"Retry-After": "1"},
            content_type="application/json",
            body=json.dumps({"error": error}),
        )

    open_with(page)
    page.route("**/api/completions", answer)
    page.get_by_role("button", name="Ten more tokens").click()
    expect(page.get_by_text("This page asks again in 2 seconds.")).to_be_visible()
    expect(page.get_by_text("As many tokens as asked for.")).to_be_visible()
    expect(page.get_by_text("This page asks again")).to_have_count(0)
    assert len(tries) == 2


@contextmanager
def crowded(folder: Path, troubles: Troubles) -> Iterator[Program]:
    """A server with one slot."""
    with program(folder, slots=1, ms_per_token=20) as server:
        troubles.hosts.add(f"127.0.0.1:{server.port}")
        yield server


@contextmanager
def students_ahead(server: Program, count: int) -> Iterator[None]:
    """That many write a hundred tokens each, two seconds a student: one runs, the others wait."""
    body = {"prompt": "Once upon a time", "max_tokens": 100, "ignore_eos": True}
    address = f"http://127.0.0.1:{server.port}/api/completions"
    with ThreadPoolExecutor() as pool:
        for student in range(count):
            headers = {"X-Client": f"student {student}"}
            pool.submit(httpx.post, address, json=body, headers=headers, timeout=60)
        server.until(lambda metrics: metrics["pg_waiting"] == count - 1)
        yield


def test_who_waits_sees_the_place_in_line_and_about_how_long(
    new_page: NewPage, troubles: Troubles, tmp_path: Path
):
    with crowded(tmp_path, troubles) as server:
        page = new_page(base_url=f"http://127.0.0.1:{server.port}")
        open_with(page)
        write(page, "One more token")
        outcome = page.locator("#outcome")
        with students_ahead(server, 4):
            page.get_by_role("button", name="Ten more tokens").click()
            expect(outcome).to_contain_text(re.compile("Waiting: number [45] in the queue"))
            expect(outcome).to_contain_text(
                re.compile(r"Waiting: number [12] in the queue, about (5|10) s"), timeout=20_000
            )
            expect(outcome).to_contain_text("As many tokens as asked for.", timeout=20_000)
        page.close()  # before its server goes


def test_an_experiment_that_waits_says_its_place_too(new_page: NewPage, troubles: Troubles, tmp_path: Path):
    with crowded(tmp_path, troubles) as server:
        page = new_page(base_url=f"http://127.0.0.1:{server.port}")
        page.goto("/regurgitation#control")
        bar = page.locator("run-bar").first
        run = bar.get_by_role("button")
        expect(run).to_be_enabled()
        with students_ahead(server, 3):
            run.click()
            expect(bar).to_contain_text(re.compile("Waiting: number [234] in the queue"))
            expect(bar).to_contain_text(
                re.compile("Waiting: number 1 in the queue, about 5 s"), timeout=20_000
            )
            expect(bar).to_contain_text("Computed here just now", timeout=40_000)
        page.close()  # before its server goes
