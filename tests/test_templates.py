"""Pages render in both languages, and no sentence is left untranslated."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from jinja2 import Environment

import app
from app.pages.presets import read_example
from app.pages.registry import PAGES
from app.paths import MODELS, STATIC, TEMPLATES
from app.routes import pages as routes
from app.routes.localisation import LANGUAGES, messages, negotiate, translations
from app.routes.pages import import_map_hash
from app.routes.template_filters import axis_top, filters, visible_parts

SENTENCE = re.compile(r"""\b(?:t|tParts|msg)\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`([^`$]*)`)""")
PLACE = re.compile(r"\{(\w+)\}|%\((\w+)\)s")
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


SCRIPTS = [
    path
    for folder in ("js", "pages")
    for path in sorted((STATIC / folder).rglob("*.js"))
    if path.parent.name != "patterns"  # for who works on the others, in English
]


def sentences_of_scripts() -> Iterator[str]:
    for path in (*(STATIC / "js").rglob("*.js"), *(STATIC / "pages").rglob("*.js")):
        for groups in SENTENCE.findall(path.read_text(encoding="utf-8")):
            yield json.loads(f'"{next(filter(None, groups), "")}"')


def sentences_of_templates() -> Iterator[str]:
    env = Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True)
    for path in TEMPLATES.rglob("*.html"):
        for _, _, message in env.extract_translations(path.read_text(encoding="utf-8")):
            yield from filter(None, [message] if isinstance(message, str) else message or ())


def sentences_of_pages() -> Iterator[str]:
    for page in PAGES:
        if page.chapter:
            yield from (page.title, page.sentence)


def sentences_of_manifests() -> Iterator[str]:
    for path in MODELS.glob("*.toml"):
        manifest = tomllib.loads(path.read_text(encoding="utf-8"))
        yield from (manifest[field] for field in ("data", "cut_off", "note") if manifest.get(field))


# What a screen reader says, or a pointer that rests shows.
SPOKEN = (
    "aria-label",
    "aria-valuetext",
    "aria-description",
    "aria-roledescription",
    "title",
    "placeholder",
    "alt",
)


class Visible(HTMLParser):
    """The text a reader sees or hears, with the language each piece is marked as."""

    SILENT = {"script", "style", "svg", "title", "textarea", "code"}
    EMPTY = {"meta", "link", "br", "input", "hr", "img", "path", "circle", "rect", "line"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.pieces: list[tuple[str, str]] = []  # language, text
        self.spoken: list[tuple[str, str]] = []  # the same of labels

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        language = given.get("lang") or (self.open[-1][1] if self.open else "")
        if tag not in self.EMPTY:
            self.open.append((tag, language))
        self.spoken += [(language, value) for name, value in attributes if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        while self.open and tag not in self.EMPTY and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(tag in self.SILENT for tag, _ in self.open):
            self.pieces.append((self.open[-1][1], data.strip()))


@pages
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_renders(client: TestClient, page, language):
    response = client.get(page.path, params={"lang": language})
    assert response.status_code == 200, response.text
    assert response.headers["content-language"] == language
    assert f'<html lang="{language}">' in response.text
    assert f'data-page="{page.name}"' in response.text
    assert response.text.count("<h1") == 1
    assert not re.search(r"\sstyle=|\son[a-z]+=", re.sub(r"(?s)<script.*?</script>", "", response.text))


@pages
def test_every_page_has_its_script_and_styles(client: TestClient, page):
    html = client.get(page.path).text
    assert f'src="/static/pages/{page.name}/page.js"' in html
    files = re.findall(r'(?:src|href)="/(static/[^"?#]+)', html)
    missing = [file for file in files if not (STATIC.parent / file).is_file()]
    assert missing == []


def test_a_page_without_its_template_is_an_error_at_the_start(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(routes, "TEMPLATES", tmp_path)
    with pytest.raises(
        FileNotFoundError, match=r"the page home of app/pages/registry\.py has no .*home/page\.html"
    ):
        routes._add(PAGES[0])


@pages
def test_every_preloaded_font_is_one_of_the_style_sheets(client: TestClient, page):
    fonts = re.findall(r'rel="preload" href="([^"]+)" as="font"', client.get(page.path).text)
    sheets = (STATIC / "css" / "fonts.css").read_text(encoding="utf-8")
    assert fonts and all(f'url("{font}")' in sheets for font in fonts)


def test_the_language_is_negotiated():
    assert negotiate(None, "") == "en"
    assert negotiate(None, "de, zh-TW;q=0.8, en;q=0.5") == "zh-CN"
    assert negotiate(None, "en-GB,en;q=0.9,zh;q=0.8") == "en"
    assert negotiate("zh", "en") == "zh-CN"
    assert negotiate("tlh", "zh;q=0.1") == "zh-CN"
    assert negotiate(None, "zh;q=nonsense, , ;q=1, zh;q=0") == "en"


def test_links_keep_the_language_that_was_asked_for(client: TestClient):
    assert 'href="/sampling?lang=zh-CN"' in client.get("/?lang=zh-CN").text
    assert 'href="/sampling"' in client.get("/", headers={"Accept-Language": "zh"}).text


def test_the_import_map_is_let_through_by_its_hash(client: TestClient):
    response = client.get("/")
    assert import_map_hash() in response.headers["content-security-policy"]
    inline = re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>", response.text)
    assert inline == ['<script type="importmap">']


def test_the_templates_sentences_are_all_translated():
    sentences = {*sentences_of_templates(), *sentences_of_pages()}
    assert untranslated(sentences, dict(catalog_of_templates())) == []


def test_the_scripts_sentences_are_all_translated():
    assert untranslated(set(sentences_of_scripts()), messages("zh-CN")) == []


KEYS = {"as it stands", "li:last-child textarea"}  # tell texts apart, and nobody reads them
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
WORDS = re.compile(r"[a-z]{2,} [a-z]{2,}")
# What may stand before such words: a call that translates them, an attribute, a name of classes, a comparison,
# a selector, a programmer's error; and after them, the colon of a key.
NOT_SHOWN = re.compile(
    r"(\b(t|tParts|msg|\w*Error|querySelector(All)?|closest|matches|#focus)\(\s*|[\w-]=|className =\s*|===\s*)$"
)


def untranslatable(script: str) -> list[str]:
    """Literals of two words or more that no call translates."""
    code = re.sub(r"(?s:/\*.*?\*/)|(?m:(^|(?<=\s))//.*$)", "", script)
    return [
        match[1]
        for match in LITERAL.finditer(code)
        if WORDS.search(match[1])
        and not NOT_SHOWN.search(code[: match.start()][-60:])
        and not code[match.end() :].startswith(":")
    ]


def test_a_sentence_that_nothing_translates_is_found():
    assert untranslatable('return "no roll yet";\n  label: "the token",') == ["no roll yet", "the token"]
    assert untranslatable('t("no roll yet"); // "of this kind"\n <p class="small quiet">') == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: "/".join(path.parts[-2:]))
def test_no_sentence_of_a_script_is_left_untranslated(path: Path):
    assert [text for text in untranslatable(path.read_text(encoding="utf-8")) if text not in KEYS] == []


def test_what_the_manifests_say_of_models_is_translated():
    assert untranslated(set(sentences_of_manifests()), messages("zh-CN")) == []


def test_the_servers_sentences_are_known_as_the_server_says_them():
    known = (STATIC / "js" / "base" / "server-sentences.js").read_text(encoding="utf-8")
    said = "\n".join(path.read_text(encoding="utf-8") for path in Path(app.__file__).parent.rglob("*.py"))
    sentences = re.findall(r'msg\("(.+)"\)', known)
    assert len(sentences) > 10
    pieces = [piece for sentence in sentences for piece in re.split(r"\{\w+\}", sentence) if len(piece) > 3]
    assert [piece for piece in pieces if piece.lstrip(": ") not in said] == []


def test_every_plural_form_is_complete():
    for key, forms in messages("en").items():
        assert set(forms) == {"one", "other"}, key


def catalog_of_templates() -> Iterable[tuple[str, str]]:
    catalog = translations("zh-CN")._catalog  # gettext offers no other way to list it
    return ((str(message), text) for message, text in catalog.items() if message)


def untranslated(sentences: set[str], catalog: dict[str, object]) -> list[str]:
    """Sentences without Chinese, or whose Chinese has other places to fill."""
    return sorted(
        sentence
        for sentence in sentences
        if not catalog.get(sentence) or places(sentence) != places(str(catalog[sentence]))
    )


def places(sentence: str) -> set[str]:
    return {name or other for name, other in PLACE.findall(sentence)}


# Words a Chinese page may keep: names, units, keys.
KEPT = re.compile(
    r"(?i)\b(gemma|smollm|gpt|pythia|qwen|llama|[\w]*_base|o200k|top-[kp]|min-p|id|utf-8|json|csv|bos|eos|api|curl|"
    r"python|ctrl|esc|enter|alt|cpu|gpu|kb|mb|gb|u|b|x|a/b|https?|unicode|ascii|bpe|url)\b[\w.-]*"
)


def is_english(text: str) -> bool:
    """Whether a piece of a Chinese page is an English sentence left over, not a name inside a Chinese one."""
    words = r"[A-Za-z]{3,} [A-Za-z]{2,}"
    if re.search(r"[\u4e00-\u9fff]", text):
        words += r" [A-Za-z]{2,}"
    return re.search(words, KEPT.sub("", re.sub("“[^”]*”", "", text))) is not None


def is_english_label(text: str) -> bool:
    """Stricter, for a label is a word or two: one without a Chinese character is English, unless it is a name."""
    if re.search(r"[\u4e00-\u9fff]", text):
        return is_english(text)
    return re.search(r"[A-Za-z]{2,}", KEPT.sub("", text)) is not None


def test_a_label_of_one_word_is_english_and_a_name_is_not():
    assert [is_english_label(text) for text in ("Settings", "u 0.42", "UTF-8", "设置", "Gemma 3")] == [
        True, False, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("page", [page for page in PAGES if not page.development], ids=lambda page: page.name)
def test_no_english_is_left_on_a_chinese_page(client: TestClient, page):
    reader = Visible()
    reader.feed(client.get(page.path, params={"lang": "zh-CN"}).text)
    left = [text for language, text in reader.pieces if language.startswith("zh") and is_english(text)]
    said = [text for language, text in reader.spoken if language.startswith("zh") and is_english_label(text)]
    assert (left, said) == ([], [])


ENGLISH = {"bench.html", "patterns"}  # the bench's report, and the page for who works on the others
TRANSLATED = [path for path in sorted(TEMPLATES.rglob("*.html")) if not ENGLISH & set(path.parts)]


@pytest.mark.parametrize("path", TRANSLATED, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_label_in_a_template_is_translated_or_a_value(path: Path):
    labels = re.findall(rf'\s(?:{"|".join(SPOKEN)})="([^"]*)"', path.read_text(encoding="utf-8"))
    plain = [re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", label) for label in labels]
    assert [label for label in plain if re.search(r"[A-Za-z]{2,}", label)] == []


def test_templates_write_numbers_and_tokens_as_scripts_do():
    english, chinese = filters("en"), filters("zh-CN")
    assert [english["probability"](p) for p in (0, 0.00005, 0.005, 0.2134, 0.99996, 1)] == [
        "0\u00a0%", "<0.01\u00a0%", "0.50\u00a0%", "21.3\u00a0%", ">99.9\u00a0%", "100\u00a0%",
    ]  # fmt: skip
    assert chinese["probability"](0.2134) == "21.3%"
    assert english["count"](262144) == chinese["count"](262144) == "262,144"
    assert english["compact"](268098176) == "268M"
    assert chinese["compact"](6_000_000_000_000) == "6万亿"
    assert [tuple(part) for part in visible_parts("2061f0e2808b")] == [
        ("·", "space"), ("a", "text"), ("F0", "byte"), ("U+200B", "code"),
    ]  # fmt: skip


def test_templates_draw_bars_on_the_axis_that_scripts_use():
    tops = re.search(
        r"const TOPS = \[(.*)\]", (STATIC / "js" / "base" / "bar-axis.js").read_text(encoding="utf-8")
    )
    for top in map(float, tops[1].split(",")):
        assert axis_top(top) == top
        assert axis_top(top + 1e-9) > top


def test_examples_say_what_they_were_measured_on():
    for page in PAGES:
        if example := read_example(page.name):
            assert example.get("model") or example.get("encoding"), page.name
