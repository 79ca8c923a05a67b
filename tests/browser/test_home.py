"""Half a sentence, and the odds of every way on."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, Troubles, axe


def table(page: Page):
    return page.get_by_role("table", name="The likeliest next tokens")


def first_token(page: Page):
    return table(page).locator("tbody tr").first.locator(".bars-token")


def test_the_page_is_alive_before_any_script(new_page: NewPage, troubles: Troubles):
    troubles.expect(r"\(csp\)$")  # so Chromium calls modules where scripts are off
    page = new_page(java_script_enabled=False)
    page.goto("/")
    expect(table(page).locator("tbody tr")).to_have_count(12)
    expect(first_token(page)).to_have_text("·the")
    expect(page.get_by_text("Paris gets only")).to_be_visible()
    assert page.locator(".bar-drawn rect").first.bounding_box()["width"] > 50


def test_the_bars_move_as_one_types(page: Page):
    page.goto("/")
    expect(first_token(page)).to_have_text("·the")
    page.get_by_label("Half a sentence").fill("The capital")
    expect(first_token(page)).to_have_text("·of")
    expect(page.locator("#figure-state")).to_contain_text("fake")


def test_an_answer_to_an_older_text_is_never_shown(page: Page):
    asked = []
    page.on("request", lambda request: request.url.endswith("/api/next-token") and asked.append(request))
    page.goto("/")
    prompt = page.get_by_label("Half a sentence")
    prompt.fill("")
    prompt.press_sequentially("Once upon a time in a small", delay=15)
    expect(first_token(page)).to_have_text("·village")
    assert len(asked) <= 4  # typing rests before the model is asked


def test_a_token_chosen_in_the_list_goes_on_with_the_text(page: Page):
    page.goto("/")
    page.get_by_label("Half a sentence").fill("The capital")
    expect(first_token(page)).to_have_text("·of")
    with page.expect_request("**/api/next-token") as asked:
        page.get_by_role("button", name="space of, rank 1").click()
    assert "ids" in asked.value.post_data_json  # chosen, not typed: not tokenised again
    expect(page.get_by_label("Half a sentence")).to_have_value("The capital of")
    expect(first_token(page)).to_have_text("·the")


def test_a_roll_says_what_was_rolled_and_adds_the_token(page: Page):
    page.goto("/")
    page.get_by_label("Half a sentence").fill("Once upon a time")
    page.get_by_role("button", name="Roll the dice").click()
    expect(page.locator("#rolled")).to_contain_text("Rolled 0.")
    expect(page.get_by_label("Half a sentence")).not_to_have_value("Once upon a time")


def test_markup_in_a_text_stays_text(page: Page):
    page.goto("/")
    page.get_by_label("Half a sentence").fill("<img src=x onerror=alert(1)>")
    expect(page.locator("#figure-state")).to_contain_text("fake")
    assert page.locator("main img").count() == 0


def test_a_server_that_falls_silent_is_said_kindly_and_the_text_stays(page: Page, troubles: Troubles):
    troubles.expect("ERR_FAILED|Failed to load resource")
    page.goto("/")
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_label("Half a sentence").fill("My favourite colour")
    expect(page.get_by_role("status").filter(has_text="The server does not answer")).to_be_visible()
    expect(page.get_by_label("Half a sentence")).to_have_value("My favourite colour")


def test_the_page_works_by_keyboard_alone(page: Page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Half a sentence")).to_be_focused()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("The capital")
    expect(first_token(page)).to_have_text("·of")
    for _ in range(5):  # four examples, then the list
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Half a sentence")).to_have_value("The capital of")


def test_axe_finds_nothing(new_page: NewPage):
    for options in (
        {},
        {"locale": "zh-CN", "color_scheme": "dark"},
        {"viewport": {"width": 320, "height": 700}},
    ):
        page = new_page(**options)
        page.goto("/")
        page.wait_for_load_state("networkidle")
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
