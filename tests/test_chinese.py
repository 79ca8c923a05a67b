"""One word for one thing in all that is said in Chinese; dates as scripts write them; a glossary without gaps."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.pages.registry import PAGES
from app.paths import STATIC, TEMPLATES
from app.routes.glossary import glossary, terms_in
from app.routes.localisation import LANGUAGES, catalogue_files
from app.routes.pages import environment

# The word that is kept, and how it must not be said instead.
TERMS = {
    "提示词": r"(?<!内容)(?<!要)(?<!只是)提示(?!词)",  # not a hint, not the content note
    "编号": r"(?<!\{)\bids?\b(?!\})",
    "第 N 名": r"排第|排名第",
    "概率条": r"(?<!概率)条形(?!图)",
    "截断": r"截去|截取",
    "概率": r"份额",
    "每词元": r"比特/词元|字节/词元|每个词元[^，。；：]*比特",
    "首个词元": r"首词元|第一个词元",
    "上下文学习": r"上下文内学习",
    "例子": r"示例",
    "加载": r"载入",
    "下载": r"取得|获取",
    "重放": r"重来",
    "输入": r"键入",
    "老师": r"教师",
    "文库": r"书库",
    "模拟引擎": r"脚本引擎|剧本",
    "文字": r"(?<!纯)文本",
    "戏服": r"外衣",
    "熵（比特）": r"比特的熵|比特的 ?KL",
    "浮点舍入": r"(?<!浮点)舍入",
}

# Pages that are written anew just now keep these words until then (2026-12-01); each row goes with its page's rewrite.
LATER = {
    "assistant": {"提示词", "首个词元", "例子", "下载", "文字", "戏服", "熵（比特）"},
    "few_shot": {"提示词", "每词元", "文字"},
    "hallucination": {"提示词", "第 N 名", "截断", "首个词元", "例子", "文字"},
    "regurgitation": {"提示词", "第 N 名", "每词元", "文库", "文字"},
    "sampling": {"提示词", "概率条", "截断", "重放", "熵（比特）"},
    "status": {"输入", "老师", "文字"},
}


def said(path: Path) -> Iterator[str]:
    for entry in json.loads(path.read_text(encoding="utf-8")).values():
        yield from [entry] if isinstance(entry, str) else entry.values()


def page_of(path: Path) -> str:
    return path.parent.name if path.is_relative_to(TEMPLATES / "pages") else "shared"


def breaches(path: Path) -> dict[str, list[str]]:
    """Terms that this catalogue says in another way, with the sentences."""
    found = {term: [text for text in said(path) if re.search(bad, text)] for term, bad in TERMS.items()}
    return {term: texts for term, texts in found.items() if texts}


def test_a_second_word_for_one_thing_is_found(tmp_path: Path):
    catalogue = tmp_path / "zh-CN.json"
    catalogue.write_text('{"a": "给出提示，键入文本", "b": "提示词和内容提示", "c": "第 {id} 个"}', "utf-8")
    assert set(breaches(catalogue)) == {"提示词", "输入", "文字"}


@pytest.mark.parametrize("path", catalogue_files("zh-CN"), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_thing_has_one_name_in_chinese(path: Path):
    later = LATER.get(page_of(path), set())
    assert {term: texts for term, texts in breaches(path).items() if term not in later} == {}


def test_meanings_keep_to_the_same_words():
    texts = [text for entry in glossary().values() for text in entry["zh-CN"].values()]
    assert [(term, text) for text in texts for term, bad in TERMS.items() if re.search(bad, text)] == []


def test_templates_write_a_day_as_scripts_do():
    day = '{% from "partials/_run_bar.html" import day with context %}{{ day("2026-11-02") }}'
    assert environment("en").from_string(day).render() == "2 Nov 2026"
    assert environment("zh-CN").from_string(day).render() == "2026 年 11 月 2 日"


HAN = r"[\u4e00-\u9fff]"


@pytest.mark.parametrize("path", catalogue_files("zh-CN"), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_number_or_a_latin_word_stands_apart_from_chinese(path: Path):
    tight = rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9%]{HAN}"
    assert [text for text in said(path) if re.search(tight, re.sub(r"<[^>]*>", "", text))] == []


# The glossary


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_glossary_is_complete_and_says_no_word_twice(language: str):
    words = [entry[language]["word"].casefold() for entry in glossary().values()]
    assert len(words) >= 40
    assert len(set(words)) == len(words)
    for key, entry in glossary().items():
        assert set(entry) == set(LANGUAGES), key
        assert entry[language].keys() - {"plural"} == {"word", "meaning"}, key
        assert all(entry[language].values()), key
    assert all(key == entry["en"]["word"] for key, entry in glossary().items())


def test_a_meaning_is_short():
    for key, entry in glossary().items():
        english, chinese = entry["en"]["meaning"], entry["zh-CN"]["meaning"]
        assert len(english.split()) <= 20, key
        assert len(re.findall(HAN, chinese)) <= 30, key


SOURCES = [
    *TEMPLATES.rglob("*.html"),
    *(STATIC / "js").rglob("*.js"),
    *(STATIC / "pages").rglob("*.js"),
]


def test_every_marked_word_is_in_the_glossary():
    marked = {key for path in SOURCES for key in terms_in(path.read_text(encoding="utf-8"))}
    assert marked and marked <= set(glossary())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_is_marked_once_a_page_and_described(client: TestClient, page, language: str):
    html = client.get(page.path, params={"lang": language}).text
    described = re.findall(r'class="term-word" popovertarget="([\w-]+)" aria-describedby="([\w-]+)"', html)
    assert html.count("<glossary-term") == len(described)
    for target, meaning in described:
        assert target == meaning and html.count(f'id="{meaning}"') == 1


def test_scripts_get_the_words_they_mark(client: TestClient):
    sentences = client.get("/page-messages/playground/zh-CN").json()
    assert sentences["term: surprise"] == glossary()["surprise"]["zh-CN"]
