"""Pages render in both languages, and no sentence is left untranslated."""

import ast
import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import app
from app.errors import BadRequest, ContextOverflow, PlaygroundError
from app.pages.presets import read_example
from app.pages.registry import PAGES
from app.paths import MODELS, STATIC, TEMPLATES
from app.routes import pages as routes
from app.routes.localisation import LANGUAGES, catalogue, catalogue_files, negotiate, sentences, sentences_in
from app.routes.modules import FRAME, modules_of, script_of
from app.routes.pages import import_map_hash
from app.routes.template_filters import filters, visible_parts

ROOT = Path(app.__file__).parents[1]
DATA = {".py", ".json"}  # what may hold sentences that scripts translate without naming them
PLACE = re.compile(r"\{(\w+)\}")
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


SCRIPTS = [
    path
    for folder in ("js", "pages")
    for path in sorted((STATIC / folder).rglob("*.js"))
    if path.parent.name != "patterns"  # for who works on the others, in English
]


def sentences_of_scripts() -> Iterator[str]:
    for path in (*(STATIC / "js").rglob("*.js"), *(STATIC / "pages").rglob("*.js")):
        yield from sentences_in(path.read_text(encoding="utf-8"), script=True)


def sentences_of_templates() -> Iterator[str]:
    for path in TEMPLATES.rglob("*.html"):
        yield from sentences_in(path.read_text(encoding="utf-8"), script=False)


def sentences_of_pages() -> Iterator[str]:
    for page in PAGES:
        if not page.development:
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
    assert f'<html lang="{language}"' in response.text
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


def test_the_sentences_of_templates_and_scripts_are_all_translated():
    asked = {*sentences_of_templates(), *sentences_of_scripts(), *sentences_of_pages()}
    assert len(asked) > 1_000
    assert untranslated(asked, catalogue("zh-CN")) == []


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
    assert untranslated(set(sentences_of_manifests()), catalogue("zh-CN")) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_stands_in_two_catalogues(language):
    keys = [key for file in catalogue_files(language) for key in json.loads(file.read_text(encoding="utf-8"))]
    assert len(catalogue_files(language)) > 5
    assert [key for key, times in Counter(keys).items() if times > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_a_catalogue_is_said_somewhere(language):
    asked = {
        *sentences_of_templates(),
        *sentences_of_scripts(),
        *sentences_of_pages(),
        *sentences_of_manifests(),
    }
    data = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "app").rglob("*.*") if path.suffix in DATA
    )
    unsaid = (key for key in catalogue(language) if key not in asked)
    assert [
        key
        for key in unsaid
        if json.dumps(key.removeprefix("{field}: "), ensure_ascii=False)[1:-1] not in data
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_of_one_page_stands_with_that_page(language):
    """A shared catalogue holds what several pages say, or the frame; one of them may hold it as well."""
    users: dict[str, set[str]] = defaultdict(set)
    for path in (
        *TEMPLATES.rglob("*.html"),
        *(STATIC / "js").rglob("*.js"),
        *(STATIC / "pages").rglob("*.js"),
    ):
        owner = path.parent.name if path.parents[1].name == "pages" else "shared"
        for key in sentences_in(path.read_text(encoding="utf-8"), script=path.suffix == ".js"):
            users[key].add(owner)
    for page in PAGES:
        users[page.title].add(page.name)
        users[page.sentence].add(page.name)
    named = set(sentences_of_manifests())
    for file in catalogue_files(language):
        owner = file.parent.name if file.is_relative_to(TEMPLATES / "pages") else "shared"
        for key in json.loads(file.read_text(encoding="utf-8")).keys() - named:
            if users[key]:
                assert owner in users[key] | ({"shared"} if len(users[key]) > 1 else set()), key


def test_sentences_are_filled_in_html():
    english, chinese = sentences("en"), sentences("zh-CN")
    assert english("{n} tokens", n=1) == "1 token"
    assert english("{n} tokens", n="2,000") == "2,000 tokens"
    assert english("{n} tokens", n=262144) == "262,144 tokens"
    assert english("nobody says this of {who}", who="<b>") == "nobody says this of &lt;b&gt;"
    assert english("nobody says this of {who}") == "nobody says this of {who}"
    assert "{" not in chinese("{n} tokens", n=3)


@pages
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_light_and_gets_its_sentences_and_data_once(client: TestClient, page, language):
    html = client.get(page.path, params={"lang": language}).text
    assert len(html.encode()) <= 60_000
    for name in ("messages", "page-data"):
        if link := re.search(
            rf'<link rel="preload" id="{name}" href="([^"]+)" as="fetch" crossorigin>', html
        ):
            reply = client.get(link[1], headers={"Accept-Encoding": "gzip"})
            assert reply.status_code == 200 and reply.json() is not None
            again = client.get(link[1], headers={"If-None-Match": reply.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            if len(reply.content) > 1024:
                assert reply.headers["content-encoding"] == "gzip"


@pages
def test_a_pages_messages_are_those_its_scripts_say(client: TestClient, page):
    said = client.get(f"/page-messages/{page.name}/zh-CN").json()
    modules = modules_of(FRAME, script_of(page))
    asked = set().union(
        *(sentences_in((STATIC / path).read_text(encoding="utf-8"), script=True) for path in modules)
    )
    assert asked <= set(said)
    elsewhere = {*sentences_of_templates(), *sentences_of_scripts()} - asked
    assert set(said) & elsewhere == set()


@pytest.mark.parametrize(
    "path",
    ["/page-data/home/gpt2", "/page-data/nowhere/-", "/page-messages/home/fr", "/page-messages/nowhere/en",
     "/page-data/regurgitation/..%2F..%2Fpresets"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(client: TestClient, path: str):
    assert client.get(path).status_code == 404


def refusals() -> Iterator[tuple[str, set[str]]]:
    """Sentences with places that the server's errors are made with, and the names of the values that fill them."""
    kinds = {"OutOfTime", "QueueFull", "__init__", *(kind.__name__ for kind in BadRequest.__mro__)}
    kinds |= {kind.__name__ for kind in PlaygroundError.__subclasses__()}
    for path in (ROOT / "app").rglob("*.py"):
        for call in filter(
            lambda node: isinstance(node, ast.Call), ast.walk(ast.parse(path.read_text("utf-8")))
        ):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in kinds and call.args and isinstance(call.args[0], ast.Constant) and call.keywords:
                yield call.args[0].value, {word.arg for word in call.keywords} - {"param", None}


def test_refusals_are_worded_in_the_readers_language():
    said = dict(refusals())
    assert len(said) >= 10
    for sentence, names in said.items():
        assert places(sentence) == names, sentence
    assert untranslated(set(said), catalogue("zh-CN")) == []


def test_an_error_carries_its_sentence_and_values(client: TestClient):
    refused = client.post("/api/completions", json={"prompt": "a", "max_tokens": 1025}).json()["error"]
    assert refused["sentence"] == "max_tokens is {given}; this server allows at most {limit}"
    assert refused["values"] == {"given": 1025, "limit": 1024}
    assert refused["message"] == "max_tokens is 1,025; this server allows at most 1,024"
    again = ContextOverflow(9000, 8192, "gemma").again(counted=True)
    assert str(again) == "prompt is 9,000 tokens; gemma reads at most 8,192"
    assert again.as_json()["values"] == {"given": 9000, "model": "gemma", "limit": 8192}


def test_every_plural_form_is_complete():
    for key, forms in catalogue("en").items():
        assert set(forms) == {"one", "other"}, key


def untranslated(sentences: set[str], catalog: dict[str, object]) -> list[str]:
    """Sentences without Chinese, or whose Chinese has other places to fill."""
    return sorted(
        sentence
        for sentence in sentences
        if not catalog.get(sentence) or places(sentence) != places(str(catalog[sentence]))
    )


def places(sentence: str) -> set[str]:
    return set(PLACE.findall(sentence))


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


def test_no_english_is_left_in_the_chinese_catalogue():
    """What scripts say; tests/browser/test_sentences.py holds that it comes from there."""
    texts = {key: json.dumps(entry, ensure_ascii=False) for key, entry in catalogue("zh-CN").items()}
    bare = {
        key: PLACE.sub("", re.sub(r"<(\w+) lang=.*?</\1>|<[^>]*>", "", text)) for key, text in texts.items()
    }
    assert [key for key, text in bare.items() if is_english_label(text)] == []


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
        "0%", "<0.01%", "0.50%", "21.3%", ">99.9%", "100%",
    ]  # fmt: skip
    assert chinese["probability"](0.2134) == "21.3%"
    assert english["count"](262144) == chinese["count"](262144) == "262,144"
    assert english["compact"](268098176) == "268M"
    assert chinese["compact"](6_000_000_000_000) == "6\u00a0万亿"
    assert [tuple(part) for part in visible_parts("2061f0e2808b")] == [
        ("·", "space"), ("a", "text"), ("F0", "byte"), ("U+200B", "code"),
    ]  # fmt: skip


def test_examples_say_what_they_were_measured_on():
    for page in PAGES:
        if example := read_example(page.name):
            assert example.get("model") or example.get("encoding"), page.name
