"""What one person types is on that person's screen and nowhere else. Promise 37."""

from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from app.pages.registry import PAGES
from tests.in_browser import NewPage, Troubles
from tests.kit.program import Program, program

CANARY = "Xyzzy plugh marmalade"
WORD = "plugh"
KEPT_BY_THE_BROWSER = """async () => JSON.stringify({
  local: Object.entries(localStorage),
  cookies: document.cookie,
  databases: await indexedDB.databases(),
  caches: typeof caches === "undefined" ? [] : await caches.keys(),
  workers: "serviceWorker" in navigator ? (await navigator.serviceWorker.getRegistrations()).length : 0,
})"""


PAGES_OF_ALL = [page for page in PAGES if not page.development]
NOTHING_TO_TYPE = {page.name for page in PAGES if page.bare}


def type_it_everywhere(page: Page) -> dict[str, int]:
    """Into every text field of every step and drawer, and on with what the page is for; how many each page has."""
    fields = dict.fromkeys((each.name for each in PAGES_OF_ALL), 0)
    for each in PAGES_OF_ALL:
        page.goto(each.path)
        for step in page.locator(".stage-steps a").evaluate_all("dots => dots.map(dot => dot.hash)") or [""]:
            page.goto(f"{each.path}{step}")
            page.wait_for_load_state("networkidle")
            page.evaluate("document.querySelector('.drawer')?.hidePopover()")
            fields[each.name] += type_it(page, "main")
            for button in page.locator("main .button-primary:visible:enabled").all():
                if button.is_visible() and button.is_enabled():
                    button.click()
            page.evaluate("document.querySelector('.drawer')?.showPopover()")
            fields[each.name] += type_it(page, ".drawer")
            page.wait_for_load_state("networkidle")
    return fields


def type_it(page: Page, where: str) -> int:
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    if own := page.locator(f"{where} input[type=radio][value=own]").all():
        own[0].check(force=True)
    writable = "textarea, input:is([type=text], [type=password], :not([type]))"
    typed = [field for field in page.locator(f"{where} :is({writable}):visible").all() if field.is_editable()]
    for field in typed:
        field.fill(CANARY)
    return len(typed)


def seen(context: BrowserContext, server: Program) -> str:
    """All that somebody else sees of the site."""
    page = context.new_page()
    texts = []
    for each in PAGES_OF_ALL:
        page.goto(f"{each.path}#teacher={server.secret}" if each.name == "status" else each.path)
        page.wait_for_load_state("networkidle")
        texts.append(page.content())
    return "\n".join(texts).lower()


def test_what_is_typed_is_on_no_other_screen_and_in_no_file(
    new_page: NewPage, troubles: Troubles, tmp_path: Path
):
    troubles.expect("status of 4")  # not every field may hold these words
    with program(tmp_path, log_level="info") as server:
        troubles.hosts.add(f"127.0.0.1:{server.port}")
        base = f"http://127.0.0.1:{server.port}"
        page = new_page(base_url=base)
        fields = type_it_everywhere(page)
        assert {name for name, count in fields.items() if not count} == NOTHING_TO_TYPE, fields
        kept = page.evaluate(KEPT_BY_THE_BROWSER)
        assert WORD not in kept.lower() and '"cookies":""' in kept and '"workers":0' in kept
        assert page.context.cookies() == []
        assert WORD not in seen(page.context, server)  # the same browser, another tab
        assert WORD not in seen(new_page(base_url=base).context, server)
        assert WORD not in server.get("/metrics").text
        page.context.close()
        server.stop()
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert tmp_path / "err" in files
        for path in files:
            assert WORD not in path.read_text(errors="replace").lower(), path
