"""A real browser on a running site. A test fails on any console warning or error, on any exception in a
page, on any failed request and on any request to another host, whatever else it looks at.

Browser tests are plain functions: Playwright's synchronous interface keeps a loop of its own running, so each file
opens a browser of its own and closes it before the tests of another file want theirs.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route, sync_playwright

from app.main import create_app
from app.settings import Settings
from tests.live import serve, wait_until

NewPage = Callable[..., Page]
TEACHER = "the-teachers-secret"
# Text not painted yet: a page behind another, a busy machine. test_templates.py holds that the fonts are the site's.
NOT_PAINTED_YET = ".woff2 was preloaded using link preload but not used within a few seconds"
CHROMIUM_ARGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--host-resolver-rules=MAP class.test 127.0.0.1",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the whole site on the scripted engine."""
    state = tmp_path_factory.mktemp("state")
    app = create_app(Settings(engine="fake", ms_per_token=2, teacher_secret=TEACHER, state_dir=state))
    with serve(app) as port:
        wait_until(lambda: app.state.site.host.state()["loaded"] is not None, 60)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


class Troubles:
    """What went wrong in a page, less what the test said it would provoke."""

    def __init__(self, host: str) -> None:
        self.hosts = {host}  # the site itself, and what a test puts before it
        self.found: list[str] = []
        self.expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """A regular expression for trouble that this test makes on purpose."""
        self.expected.append(pattern)

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.found.append(f"exception: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failed)

    def unexpected(self) -> list[str]:
        return [found for found in self.found if not any(re.search(one, found) for one in self.expected)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("warning", "error") and NOT_PAINTED_YET not in message.text:
            self.found.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc not in self.hosts:
            self.found.append(f"request to another host: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page itself let go of it
            self.found.append(f"request failed: {request.url} ({request.failure})")


@pytest.fixture
def troubles(live_server: str) -> Iterator[Troubles]:
    troubles = Troubles(urlsplit(live_server).netloc)
    yield troubles
    assert troubles.unexpected() == []


@pytest.fixture
def new_page(browser: Browser, live_server: str, troubles: Troubles) -> Iterator[NewPage]:
    """A page in a clean profile; options are those of a browser context (locale, viewport, color_scheme ...)."""
    contexts: list[BrowserContext] = []

    def open_page(**options: object) -> Page:
        settings = {
            "viewport": {"width": 1280, "height": 900},
            "locale": "en",
            "base_url": live_server,
        } | options
        context = browser.new_context(**settings)
        context.set_default_timeout(10_000)
        troubles.watch(context)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        for each in context.pages:  # an answer still on its way would fail in the next test
            each.unroute_all(behavior="ignoreErrors")
        context.close()


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """One page, English, 1280 x 900: `page.goto("/sampling")`."""
    return new_page()


def answer_with_models(page: Page, *, on_disk: bool) -> None:
    """From now on the page hears that every model is, or is not, on this machine, whatever was fetched here."""

    def answer(route: Route) -> None:
        state = route.fetch().json()
        for model in state["models"]:
            model["on_disk"] = on_disk
        route.fulfill(json=state)

    page.route("**/api/models", answer)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it asks again


def axe(page: Page) -> None:
    """Assert that axe-core finds nothing to object to."""
    page.evaluate(  # colours on their way from one state to another have no contrast to speak of
        "() => Promise.allSettled(document.getAnimations()"
        ".filter((each) => each instanceof CSSTransition).map(({ finished }) => finished))"
    )
    violations = Axe().run(page).response["violations"]
    assert [f"{v['id']}: {node['html'][:160]}" for v in violations for node in v["nodes"]] == []
