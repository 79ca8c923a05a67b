"""The way in, on a wall: what is read from the last row, and nothing that is the teacher's alone."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from app.main import create_app
from app.settings import Settings
from tests.in_browser import TEACHER, NewPage, axe
from tests.live import serve, wait_until

ADDRESS = "http://192.168.1.23:8000"


@pytest.fixture(scope="module")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site that a class finds under an address, where some words are blurred."""
    state = tmp_path_factory.mktemp("state")
    (state / "class.json").write_text('{"note": true, "blur": ["marmalade"]}')
    settings = Settings(engine="fake", public_address=ADDRESS, teacher_secret=TEACHER, state_dir=state)
    app = create_app(settings)
    with serve(app) as port:
        wait_until(lambda: app.state.site.host.state()["loaded"] is not None, 60)
        yield f"http://127.0.0.1:{port}"


def become_the_teacher(page: Page) -> None:
    page.goto(f"/status#teacher={TEACHER}")
    page.get_by_role("button", name="Pause all screens").wait_for()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (1024, 768)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_code_fills_the_height_and_the_address_is_large(
    new_page: NewPage, width: int, height: int, scheme: str
):
    page = new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.add_init_script("localStorage.setItem('projector', 'on'); localStorage.setItem('theme', 'dark')")
    page.goto("/join")
    code = page.get_by_role("img", name=f"QR code of {ADDRESS}")
    expect(code).to_be_visible()
    squares = page.locator(".qr-code path").bounding_box()
    assert squares["height"] >= (0.7 if width / height > 1.5 else 0.55) * height
    name = page.locator(".join-address b")
    expect(name).to_have_text("192.168.1.23:8000")
    size, wide, room = name.evaluate(
        "(each) => [parseFloat(getComputedStyle(each).fontSize), each.scrollWidth, each.clientWidth]"
    )
    assert size >= height * 0.045 and wide <= room
    fits = "document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    look = "(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))"
    assert page.evaluate(look) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    axe(page)


def test_nothing_of_the_teachers_is_on_the_wall(page: Page):
    become_the_teacher(page)
    page.goto("/join")
    expect(page.get_by_text(re.compile("is|are here"))).to_be_visible()
    assert "marmalade" not in page.locator("html").inner_text()
    for part in ("header", "footer", "class-note", "class-curtain", "model-status", "nav"):
        expect(page.locator(part)).to_have_count(0)
    expect(page.get_by_text("No list is complete.")).to_have_count(0)


def test_how_many_are_here_is_for_the_teachers_browser(page: Page, new_page: NewPage):
    wall = new_page()
    wall.goto("/join")
    expect(wall.locator(".qr-code")).to_be_visible()
    asked: list[str] = []
    wall.on("request", lambda request: asked.append(urlsplit(request.url).path))
    become_the_teacher(page)
    page.goto("/join")
    expect(page.locator(".join-present")).to_have_text("0 are here")  # neither window is a student's
    student = new_page()
    student.goto("/tokenizer")
    student.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".join-present")).to_have_text("1 is here")
    expect(wall.locator(".join-present")).to_have_text("")
    assert asked == []


def test_the_teachers_page_leads_here_and_close_leads_home(page: Page):
    become_the_teacher(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the Join view").click()
    wall = opened.value
    expect(wall.locator(".join-present")).to_have_text(re.compile("here"))
    wall.get_by_role("link", name="Close").click()
    expect(wall).to_have_url(re.compile(r"/$"))


def test_on_a_phone_it_stands_upright(new_page: NewPage):
    page = new_page(viewport={"width": 360, "height": 740}, locale="zh-CN")
    page.goto("/join")
    expect(page.get_by_role("heading", name="扫码")).to_be_visible()
    expect(page.locator(".qr-code")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(page)
