"""The report: the same rows as text, as JSON and as one page in which nothing of a peer's can run."""

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.bench.curves import chart, nice_ticks
from app.bench.report import print_report, report, write_html, write_json
from tests.bench.examples import all_results, level, results, server

EVIL = '<script>alert(1)</script><img src="http://elsewhere.example/x" onerror=alert(1)>'


def printed(found) -> str:
    out = io.StringIO()
    print_report(report(found, slots=32), out)
    return out.getvalue()


def test_the_text_has_every_table_and_the_sentence():
    text = printed(all_results())
    assert "This machine can host about 32 students at once" in text
    for title in ("What ran", "The load: 64 new tokens", "Also measured", "Targets", "How cost grows"):
        assert title in text
    assert re.search(r"eight universes .* 3\.00 .* MISSED *$", text, re.M)
    assert "x 2.00" in text, "the ratio to the other server"
    assert "\x1b" not in text, "no colours where there is no terminal"


def test_the_table_of_company_has_a_row_for_each_server_and_number_of_streams():
    found = all_results()
    at = found.company.index(found.beside(found.servers[1], "beside two", 8))
    found.company[at] = replace(found.company[at], in_time=False)
    text = printed(found)
    assert "Beside programs that keep a core busy each" in text
    mine = r"10\.0 +50\.0 ms +7\.5 +125 ms +4\.5 +200 ms +9\.0 +50\.0 ms"
    assert re.search(rf"^ +1 +this server +{mine} *$", text, re.M)
    assert re.search(r"^ +8 +llama-server +40\.0 .* < 36\.0 +36\.0 +50\.0 ms *$", text, re.M)
    found.company.pop()  # it failed on the way
    assert re.search(r"^ +8 +llama-server +40\.0 .* < 36\.0 *$", printed(found), re.M)
    assert "Beside programs" not in printed(all_results(company=[]))


def test_what_was_measured_before_a_failure_is_shown_with_it():
    found = all_results(failures=["llama-server went away: closed"], interrupted=True)
    text = printed(found)
    assert "failed: llama-server went away: closed" in text
    assert "stopped before the end" in text
    assert "320.0" in text


def test_nothing_measured_is_a_report_too():
    text = printed(results())
    assert "Targets" in text
    assert "students" not in text


def test_streams_counted_otherwise_or_cut_short_are_said():
    levels = [level(1, counted_by="chunks", ended_early=2)]
    text = printed(results(servers=[server("this server", levels)]))
    assert "tokens counted by chunks, not by usage" in text
    assert "2 streams ended before the tokens asked for" in text


def test_a_narrow_terminal_loses_no_word(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "72")
    out = Terminal()
    print_report(report(all_results(), slots=32), out)
    text = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert text != out.getvalue(), "a terminal gets colours"
    assert max(map(len, text.splitlines())) <= 72
    assert "universes" in text and "MISSED" in text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


def test_the_page_asks_for_nothing_and_runs_nothing(tmp_path: Path):
    found = all_results(failures=[EVIL])
    found.servers[1].label = found.servers[1].model = EVIL
    file = tmp_path / "report.html"
    write_html(report(found, slots=32), file)
    html = file.read_text(encoding="utf-8")
    page = Page()
    page.feed(html)
    names = {tag for tag, _ in page.tags}
    assert names.isdisjoint({"script", "img", "link", "iframe", "object", "a"})
    assert not [
        name
        for _, attributes in page.tags
        for name in attributes
        if name in ("src", "href") or name.startswith("on")
    ]
    assert "&lt;script&gt;" in html
    assert "color-scheme: light dark" in html
    assert names >= {"svg", "path", "table", "figure"}
    assert sum(tag == "figure" for tag, _ in page.tags) == 6


def test_the_json_has_the_raw_numbers_and_the_verdicts(tmp_path: Path):
    file = tmp_path / "report.json"
    write_json(report(all_results(), slots=32), file)
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["version"] == 1
    assert data["servers"][1]["levels"][2]["tokens_per_second"] == 160.0
    assert data["fidelity"]["divergence"] == 0.003
    assert data["classroom"]["at_once"] == 32
    assert {row["verdict"] for row in data["targets"]} >= {"reached", "goal reached", "MISSED"}


@pytest.mark.parametrize(
    ("largest", "last", "step"), [(32, 40, 10), (253.0, 300, 100), (0.79, 0.8, 0.2), (5, 5, 1), (0, 1, 1)]
)
def test_ticks_are_round_and_reach_the_largest(largest, last, step):
    ticks = nice_ticks(largest)
    assert ticks[0] == 0
    assert ticks[-1] == pytest.approx(last)
    assert ticks[1] == pytest.approx(step)


def test_a_curve_stays_inside_its_picture_and_needs_two_points():
    drawn = chart("t", "x", "y", {"ours": [(32, 250.0), (1, 20.0)], "one point": [(1, 1.0)]})
    assert [line.label for line in drawn.lines] == ["ours"]
    first, last = drawn.lines[0].dots
    assert drawn.left <= first.x < last.x <= drawn.right
    assert drawn.top <= last.y < first.y <= drawn.bottom
    assert chart("t", "x", "y", {"ours": []}) is None
