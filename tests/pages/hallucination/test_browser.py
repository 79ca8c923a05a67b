"""One question asked sixteen times: from a click to the picture, stopped, by keyboard, in two languages."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from app.main import create_app
from app.settings import Settings
from tests.in_browser import NewPage, Troubles, axe
from tests.live import serve, wait_until
from tests.pages.hallucination.stage import (
    OWN,
    PATIENCE,
    add,
    add_column,
    answers,
    ask,
    ask_of,
    ask_own,
    button,
    cards,
    columns,
    drawer,
    open_step,
    requests_of,
    shown,
    without_a_model,
)

SLOW_MS = 150  # a token: time enough to press Stop
STEPS = ["invented", "real", "evidence", "why", "own"]


@pytest.fixture(scope="module")
def slow_server() -> Iterator[str]:
    app = create_app(Settings(engine="fake", ms_per_token=SLOW_MS))
    with serve(app) as port:
        wait_until(lambda: app.state.site.host.state()["loaded"] is not None, 60)
        yield f"http://127.0.0.1:{port}"


def test_without_scripts_the_measured_answers_are_told(new_page: NewPage, troubles: Troubles):
    troubles.expect(
        r"\(csp\)$|was preloaded using link preload"
    )  # nothing takes them up where scripts are off
    page = new_page(java_script_enabled=False)
    page.goto("/hallucination")
    for claim in ("Where was she born?", "Does it check?", "It never says “I don't know”"):
        expect(page.get_by_role("heading", level=1)).to_contain_text(claim)
    expect(page.locator(".why")).to_be_visible()
    told = drawer(page).locator(".without-scripts")
    for text in ("Prague 2", "Salzburg 13", "Turkey 14", "Oslo 16"):
        expect(told).to_contain_text(text)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_nothing_has_happened_and_nothing_is_given_away_before_one_asks(new_page: NewPage, locale: str):
    page = new_page(locale=locale)
    page.goto("/hallucination")
    asked = requests_of(page)
    for step in STEPS:
        page.goto(f"/hallucination#{step}")
        expect(page.locator(f".stage-steps [href='#{step}']")).to_have_attribute("aria-current", "step")
        text = page.locator("main").inner_text()
        for answer in ("Prague", "Salzburg", "Turkey", "上海", "巴黎", "首都，"):
            assert answer not in text
        assert not re.search(r"\d+ (different|of 16)|\d+ 种不同的答案|\d+ 次里", text)
        visible = page.locator(".card-try:visible, .stream-label:visible")
        assert all(one.strip() == "" for one in visible.all_inner_texts())
    assert asked == []


def test_sixteen_cards_stream_and_take_their_colour_when_the_answer_stands(
    new_page: NewPage, slow_server: str, troubles: Troubles
):
    troubles.expect("request to another host")
    page = open_step(new_page(base_url=slow_server), "invented")
    button(page, "invented").click()
    expect(button(page, "invented")).to_have_text("Stop")
    expect(cards(page, "invented").filter(has_text=re.compile(r"\w"))).to_have_count(16)
    expect(ask_of(page, "invented").locator(".is-answered").first).to_be_visible(timeout=20_000)
    expect(ask_of(page, "invented").locator("[data-source]")).to_contain_text(
        re.compile(r"^fake is writing: \d+ of 16 answers are complete\.$")
    )
    assert int(ask_of(page, "invented").locator("[data-number]").inner_text()) >= 1
    button(page, "invented").click()


def test_the_number_is_how_many_different_answers_the_cards_show(page: Page):
    for step in ("invented", "real"):
        open_step(page, step)
        ask(page, step)
        seen = shown(page, step)
        assert len(seen["cards"]) == 16
        by_colour = {
            hue: answer.casefold() for hue, answer in zip(seen["hues"], answers(page, step), strict=True)
        }
        assert len(by_colour) == int(seen["number"])
        expect(ask_of(page, step).locator("[data-source]")).to_contain_text("Answered by fake on")


def test_the_guess_comes_first_and_stands_beside_the_answer(page: Page):
    open_step(page, "invented")
    guess = ask_of(page, "invented").get_by_role("group", name="Ask 16 times. How many different answers?")
    guess.get_by_label("3 to 6").check()
    ask(page, "invented")
    expect(guess).to_be_hidden()
    expect(ask_of(page, "invented").locator("[data-said]")).to_have_text("You said: 3 to 6.")
    expect(ask_of(page, "invented").locator(".figure")).to_contain_text(
        re.compile(r"^\d+ different answers$")
    )


def test_asked_again_it_rolls_other_dice(page: Page):
    open_step(page, "invented")
    seeds = []
    page.on(
        "request",
        lambda request: "/api/experiments/" in request.url and seeds.append(request.post_data_json["seed"]),
    )
    ask(page, "invented")
    first = shown(page, "invented")["cards"]
    ask(page, "invented")
    assert seeds == [7, 8]
    assert shown(page, "invented")["cards"] != first


def test_without_a_model_the_measured_run_is_played_at_once_and_says_so(page: Page):
    open_step(page, "invented")
    without_a_model(page)
    asked = requests_of(page)
    source = ask_of(page, "invented").locator("[data-source]")
    expect(source).to_contain_text("The button plays what gemma-3-270m answered on")
    button(page, "invented").click()
    page.wait_for_timeout(300)
    assert any(text.strip() for text in cards(page, "invented").all_inner_texts())
    expect(button(page, "invented")).to_have_text("Play again", timeout=10_000)
    assert ask_of(page, "invented").locator("[data-number]").inner_text() == "15"
    expect(source).to_contain_text("Measured with gemma-3-270m on")
    for step, most in (("real", "13 of 16 say Salzburg."), ("own", "14 of 16 say Turkey.")):
        page.goto(f"/hallucination#{step}")
        ask(page, step)
        expect(ask_of(page, step).locator("[data-note]")).to_contain_text(most)
    assert asked == []


def test_where_others_wait_before_us_the_measured_run_is_played(page: Page):
    open_step(page, "real")
    waiting = 'event: queued\ndata: {"position": 9}\n\n'

    def hold(route: Route) -> None:
        route.fulfill(content_type="text/event-stream", body=waiting)

    page.route("**/api/experiments/universes", hold)
    ask(page, "real")
    expect(ask_of(page, "real").locator("[data-source]")).to_contain_text("Measured with gemma-3-270m on")
    expect(ask_of(page, "real").locator("[data-source]")).to_contain_text("Loaded now: fake.")
    assert answers(page, "real").count("Salzburg") == 13


def test_with_less_motion_the_measured_run_stands_there_at_once(new_page: NewPage):
    page = open_step(new_page(reduced_motion="reduce"), "invented")
    without_a_model(page)
    button(page, "invented").click()
    expect(button(page, "invented")).to_have_text("Play again", timeout=500)


def test_a_new_prompt_never_stands_over_old_answers(page: Page):
    open_step(page, "own")
    ask_own(page, "The capital of France is")
    first = shown(page, "own")
    held: list[Route] = []
    page.route("**/api/experiments/universes", lambda route: held.append(route))
    prompt = ask_of(page, "own").get_by_role("textbox")
    prompt.fill(OWN)
    assert all(text.strip() == "" for text in cards(page, "own").all_inner_texts())
    expect(ask_of(page, "own").locator(".tries-result")).to_be_hidden()
    button(page, "own").click()
    expect(ask_of(page, "own").locator("[data-source]")).to_have_text("fake is reading the prompt …")
    assert all(text.strip() == "" for text in cards(page, "own").all_inner_texts())
    expect(ask_of(page, "own").locator("[data-number]")).to_have_text("0")
    button(page, "own").click()  # Stop
    expect(ask_of(page, "own").locator("[data-note]")).to_have_text(
        "Stopped: 0 of 16 answers are complete. They are kept."
    )
    assert all(text.strip() == "" for text in cards(page, "own").all_inner_texts())
    prompt.fill("The capital of France is")  # nothing was thrown away
    assert shown(page, "own") == first
    for route in held:
        route.abort()


def test_stopped_in_the_middle_what_came_stays_under_its_own_prompt(
    new_page: NewPage, slow_server: str, troubles: Troubles
):
    troubles.expect("request to another host")
    page = open_step(new_page(base_url=slow_server), "own")
    prompt = ask_of(page, "own").get_by_role("textbox")
    prompt.fill(OWN)
    button(page, "own").click()
    expect(cards(page, "own").filter(has_text=re.compile(r"\w"))).to_have_count(16)
    button(page, "own").press("Escape")
    expect(ask_of(page, "own").locator("[data-note]")).to_contain_text(
        re.compile(r"^Stopped: \d+ of 16 answers")
    )
    expect(button(page, "own")).to_have_text("Ask again")
    came = shown(page, "own")
    assert all(came["cards"])
    prompt.fill("The capital of France is")
    assert all(text.strip() == "" for text in cards(page, "own").all_inner_texts())
    prompt.fill(OWN)
    assert shown(page, "own") == came


def test_typing_while_it_writes_stops_it_and_shows_none_of_its_words(
    new_page: NewPage, slow_server: str, troubles: Troubles
):
    troubles.expect("request to another host")
    page = open_step(new_page(base_url=slow_server), "own")
    prompt = ask_of(page, "own").get_by_role("textbox")
    prompt.fill(OWN)
    button(page, "own").click()
    expect(cards(page, "own").filter(has_text=re.compile(r"\w"))).to_have_count(16)
    prompt.press_sequentially(" and")
    expect(button(page, "own")).to_have_text("Ask 16 times")
    page.wait_for_timeout(3 * SLOW_MS)
    assert all(text.strip() == "" for text in cards(page, "own").all_inner_texts())


def test_rule_temperature_and_the_drawer_s_settings_go_into_the_question(page: Page):
    open_step(page, "own")
    stage = ask_of(page, "own")
    stage.get_by_label("Count as the answer").select_option("word")
    stage.get_by_role("switch", name="Temperature 0: no dice").check()
    settings = drawer(page).locator("#own-settings")
    expect(settings.locator("#own-temperature")).to_have_value("0")
    settings.locator("#own-n").fill("8")
    with page.expect_request("**/api/experiments/universes") as asked:
        page.keyboard.press("Escape")
        button(page, "own").click()
    body = asked.value.post_data_json
    assert (body["n"], body["temperature"], body["cut"], body["seed"]) == (8, 0, "word", 7)
    expect(button(page, "own")).to_have_text("Ask again")
    assert len(answers(page, "own")) == 8
    expect(stage.locator("[data-number]")).to_have_text("1")
    stage.get_by_role("switch").uncheck()
    expect(drawer(page).locator("#own-temperature")).to_have_value("0.7")
    expect(stage.locator(".tries-result")).to_be_hidden()  # not asked at this temperature


def test_of_the_event_after_the_training_data_only_names_are_shown(page: Page):
    open_step(page, "own")
    page.get_by_role("button", name="After its training data ends").click()
    expect(ask_of(page, "own").get_by_role("textbox")).to_have_value(re.compile("^In November 2024"))
    ask(page, "own")
    seen = [text.strip() for text in cards(page, "own").all_inner_texts()]
    assert seen == answers(page, "own")
    texts = drawer(page).locator("#figures .universe-text").all_inner_texts()
    assert len(texts) == 16
    assert set(page.locator("#figures .universe-rest").all_inner_texts()) == {""}


def test_an_example_that_fails_on_the_loaded_model_says_so(page: Page):
    open_step(page, "real")
    ask(page, "real")
    expect(ask_of(page, "real").locator("[data-note]")).to_contain_text("This model does not know it")


def test_long_answers_are_shown_whole_in_the_drawer_and_no_tag_is_an_answer(page: Page):
    open_step(page, "own")
    stage = ask_of(page, "own")
    stage.get_by_label("Count as the answer").select_option("clause")
    ask_own(page)
    texts = drawer(page).locator("#figures .answer-text")
    assert max(len(text) for text in texts.all_inner_texts()) > 30
    assert texts.evaluate_all("nodes => nodes.every(node => node.scrollWidth <= node.clientWidth)")


def test_experts_find_groups_meters_tree_and_every_word_in_the_drawer(page: Page):
    open_step(page, "own")
    ask_own(page)
    figures = drawer(page).locator("#figures")
    expect(figures.get_by_role("heading").first).to_have_text(f"{OWN} …")
    counts = figures.locator(".answer-count").all_inner_texts()
    assert sum(int(re.match(r"\d+", count)[0]) for count in counts) == 16
    for label in ("gave the most common answer", "of all pairs of tries agree", "semantic entropy"):
        expect(figures.locator(".agreement-meters")).to_contain_text(label)
    expect(figures.locator(".universe-text")).to_have_count(16)
    expect(figures.locator(".universe-tree")).to_be_visible()
    figures.get_by_text("The tree as a list").click()
    expect(figures.locator(".tree-list li").first).to_contain_text("for the path")


def test_the_drawer_speaks_of_the_step_on_the_stage(page: Page):
    open_step(page, "invented")
    ask(page, "invented")
    page.goto("/hallucination#real")
    expect(drawer(page).locator("#figures [data-nothing]")).to_be_visible()
    expect(page.locator("#figures .answer-groups")).to_be_hidden()


def test_evidence_is_added_one_sentence_at_a_time(page: Page):
    open_step(page, "evidence")
    assert columns(page) == [[]] * 7
    expect(page.locator("#evidence")).not_to_contain_text("Oslo")
    for shown_columns, label in enumerate(["Ask 16 times", *["Add the next sentence"] * 3], start=1):
        expect(add(page)).to_have_text(label)
        add_column(page, shown_columns - 1)
        assert [len(column) > 0 for column in columns(page)] == [i < shown_columns for i in range(7)]
    expect(page.locator("#evidence [data-said]")).to_have_text(
        "It follows what stands in the text. It checks nothing."
    )
    expect(add(page)).to_have_text("Start again")
    add(page).click()
    assert columns(page) == [[]] * 7


def test_the_measured_evidence_is_played_without_a_model(page: Page):
    open_step(page, "evidence")
    without_a_model(page)
    for _ in range(4):
        add(page).click()
    expect(page.locator(".evidence-says")).to_have_text(
        ["15 different answers", "7 different answers", "4 different answers", "All 16 say Oslo."]
    )
    assert columns(page)[3] == ["Oslo 16"]
    expect(page.locator("#evidence [data-source]")).to_contain_text("Measured with gemma-3-270m on")


def test_a_sentence_is_read_before_it_is_added(page: Page):
    open_step(page, "evidence")
    add_column(page, 0)
    expect(page.get_by_text("Dr. Elena Vossmark is a botanist from Portugal.").first).to_be_visible()
    expect(page.locator("#evidence").get_by_text("church register")).to_be_hidden()


def test_evidence_of_ones_own_is_written_labelled_and_run(page: Page):
    open_step(page, "evidence")
    part = drawer(page).locator("#evidence-details")
    part.get_by_role("button", name="Remove sentence 3").click()
    part.get_by_role("button", name="Add a sentence").click()
    part.get_by_label("Sentence 3", exact=True).fill("The sky is green.")
    part.get_by_label("Is sentence 3 true?").select_option("false")
    page.locator("#evidence-prompt").fill(OWN)
    with page.expect_request("**/api/experiments/evidence") as asked:
        part.get_by_role("button", name="Run", exact=True).click()
    assert asked.value.post_data_json["sentences"][2] == {"text": "The sky is green.", "label": "false"}
    expect(part.locator("run-bar")).to_contain_text("Computed here just now", timeout=PATIENCE)
    expect(part.locator("[data-numbers] li")).to_have_count(4)
    page.keyboard.press("Escape")
    expect(page.locator("#evidence .evidence-label").last).to_have_text("false")
    expect(page.locator("#evidence [data-heads] li").last).to_contain_text("The sky is green.")
    expect(page.locator("#evidence [data-heads] li").first).to_contain_text(OWN)
    drawer(page).locator("#evidence-details").get_by_role("button", name="Back to the example").click()
    expect(page.locator("#evidence [data-heads] li").first).to_contain_text("Vossmark")
    assert columns(page) == [[]] * 7  # those answers were to another prompt


def test_words_put_in_its_mouth(page: Page):
    open_step(page, "evidence")
    part = drawer(page).locator("#mistake")
    part.locator("#mistake-prompt").fill(OWN)
    expect(part.locator(".universe")).to_have_count(0)  # the example's answers are not this prompt's
    part.locator("#mistake-forced").fill(" green")
    part.locator("#mistake-watch").fill("trees, sky")
    part.get_by_role("button", name="Run", exact=True).click()
    expect(part.locator("run-bar")).to_contain_text("Computed here just now", timeout=PATIENCE)
    expect(part.locator(".side .universe")).to_have_count(32)
    expect(part.locator(".mentions").last).to_contain_text(re.compile(r"trees in \d+ of 16"))
    expect(part.locator(".sides-odds")).to_contain_text("green")


def test_temperatures_side_by_side(page: Page):
    open_step(page, "own")
    ask_of(page, "own").get_by_role("textbox").fill(OWN)
    part = drawer(page).locator("#temperatures")
    part.get_by_role("button", name="Run", exact=True).click()
    expect(part.locator("run-bar")).to_contain_text("Computed here just now", timeout=PATIENCE)
    expect(part.locator("[data-prompt]")).to_contain_text(OWN)
    expect(part.locator("answer-groups").first.locator(".answer-count")).to_have_text(["16 of 16"])


def test_why_shows_the_patchwork_beside_the_cloth_once_both_were_asked(page: Page):
    open_step(page, "why")
    expect(page.locator(".why-figure")).to_have_count(0)
    words = page.locator(".why").inner_text().split()
    assert len(words) <= 40
    for step in ("invented", "real"):
        page.goto(f"/hallucination#{step}")
        ask(page, step)
    page.goto("/hallucination#why")
    expect(page.locator(".why-figure")).to_have_count(2)
    expect(page.locator(".why-figure .card-try")).to_have_count(32)


def test_by_keyboard_alone(page: Page):
    open_step(page, "invented")
    button(page, "invented").focus()
    page.keyboard.press("Enter")
    expect(button(page, "invented")).to_have_text("Ask again", timeout=PATIENCE)
    for step in STEPS[1:]:
        page.keyboard.press("ArrowRight")
        expect(page.locator(f".stage-steps [href='#{step}']")).to_have_attribute("aria-current", "step")
    prompt = ask_of(page, "own").get_by_role("textbox")
    prompt.focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(OWN)
    page.keyboard.press("ArrowLeft")  # moves in the text, not to another step
    button(page, "own").focus()
    page.keyboard.press("Enter")
    expect(button(page, "own")).to_have_text("Ask again", timeout=PATIENCE)
    expect(prompt).to_have_value(OWN)


def test_an_offline_server_is_said_at_the_button_and_the_words_stay(page: Page, troubles: Troubles):
    troubles.expect("ERR_FAILED|Failed to load resource")
    open_step(page, "own")
    ask_of(page, "own").get_by_role("textbox").fill(OWN)
    page.route("**/api/**", lambda route: route.abort())
    button(page, "own").click()
    source = ask_of(page, "own").locator("[data-source]")
    expect(source).to_contain_text("The server does not answer")
    expect(ask_of(page, "own").get_by_role("textbox")).to_have_value(OWN)


def test_what_takes_longer_than_a_second_says_so_with_a_way_out(
    new_page: NewPage, slow_server: str, troubles: Troubles
):
    troubles.expect("request to another host")
    page = open_step(new_page(base_url=slow_server), "evidence")
    add(page).click()
    source = page.locator("#evidence [data-source]")
    expect(source).to_have_text("fake is writing …", timeout=1000)
    expect(page.locator("#evidence [data-stop]")).to_be_visible()
    page.locator("#evidence [data-stop]").click()
    expect(source).not_to_contain_text("is writing")
    expect(add(page)).to_be_enabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_overflows_and_axe_is_content(new_page: NewPage, scheme: str, width: int):
    page = new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    open_step(page, "own")
    ask_own(page)
    for step in ("own", "invented", "evidence"):
        page.goto(f"/hallucination#{step}")
        if step == "evidence":
            add_column(page, 0)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    drawer(page)
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 2560])
def test_it_fits_the_narrowest_and_the_widest(new_page: NewPage, width: int):
    page = new_page(viewport={"width": width, "height": 900}, locale="zh-CN")
    for step in STEPS:
        page.goto(f"/hallucination#{step}")
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    drawer(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
