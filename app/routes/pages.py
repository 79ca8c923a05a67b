"""Serves the pages of app/pages/registry.py: a template, a script, an example that is already worked out."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.errors import NotFound
from app.network import beyond_this_machine
from app.pages.presets import Measurement, Preset, read_example, read_measurement, read_presets
from app.pages.registry import BESIDE, CHAPTERS, PAGES, Page
from app.paths import STATIC, TEMPLATES
from app.routes import page_data
from app.routes.classroom import class_state
from app.routes.localisation import LANGUAGES, Language, negotiate, sentences
from app.routes.models import state_of
from app.routes.modules import FRAME, modules_of, script_of, sheets_of
from app.routes.site import site_of
from app.routes.template_filters import filters
from app.settings import DEFAULT_MODEL

IMPORT_MAP = json.dumps(
    {
        "imports": {
            "lit": "/static/vendor/lit.js",
            "d3": "/static/vendor/d3.js",
            "qr": "/static/vendor/qr.js",
            "eventsource-parser": "/static/vendor/eventsource-parser.js",
        }
    }
)

FRAME_SHEETS = tuple(
    f"css/{name}.css"
    for name in "theme fonts frame stage button control card model-status status-message classroom".split()
)


def template_of(page: Page) -> str:
    return f"pages/{page.name}/page.html"


def import_map_hash() -> str:
    """The source expression that lets the one inline script, the import map, past `script-src`."""
    digest = hashlib.sha256(IMPORT_MAP.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@dataclass(frozen=True, slots=True)
class PageContext:
    """Everything a page's template may use, beside `_` and the filters."""

    page: Page
    language: Language
    example: dict[str, Any]  # app/pages/<name>/example.json
    presets: tuple[Preset, ...]  # of a behaviour page
    measurement: Measurement | None  # what they gave on the loaded model, or else on the default one
    page_data: str  # where the script gets all three; empty where there is nothing to get
    model_state: dict[str, Any]  # GET /api/models, as it is now, with the models in brief
    class_state: dict[str, Any]  # GET /api/class, as it is now
    class_addresses: list[str]  # where other machines find the site, the best first; none where it is closed
    messages: str  # where the scripts get their sentences
    import_map: str
    modules: tuple[str, ...]  # every script of the page, as paths below static/
    frame_sheets: tuple[str, ...]
    sheets: tuple[str, ...]  # those of the modules, beside the frame's
    chapters: tuple[Page, ...]  # of the story
    beside: tuple[Page, ...]  # and the other pages
    link: Callable[[str], str]  # a path of this site; keeps the language where it was asked for
    switch: dict[str, str]  # language -> the address of this page in it

    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def page_context(page: Page, request: Request) -> PageContext:
    """What this visitor sees of the page."""
    query = dict(request.query_params)
    asked = query.get("lang")
    language = negotiate(asked, request.headers.get("accept-language", ""))
    example = read_example(page.name)
    modules = modules_of(*(() if page.bare else (FRAME,)), script_of(page))
    site = site_of(request.app)
    model_state = state_of(site.host, site.settings)
    presets, measurement = _presets(page.name, model_state)

    def link(path: str) -> str:
        return f"{path}?{urlencode({'lang': language})}" if asked else path

    return PageContext(
        page=page,
        language=language,
        example=example,
        presets=presets,
        measurement=measurement,
        page_data=page_data.address(page.name, measurement) if example or presets else "",
        model_state=model_state | {"models": [_brief(model) for model in model_state["models"]]},
        class_state=class_state(site),
        class_addresses=beyond_this_machine(site.addresses),
        messages=page_data.messages_address(page.name, language),
        import_map=IMPORT_MAP,
        modules=modules,
        frame_sheets=FRAME_SHEETS,
        sheets=tuple(sheet for sheet in sheets_of(modules) if sheet not in FRAME_SHEETS),
        chapters=CHAPTERS,
        beside=BESIDE,
        link=link,
        switch={other: f"{page.path}?{urlencode(query | {'lang': other})}" for other in LANGUAGES},
    )


def _brief(model: dict[str, Any]) -> dict[str, Any]:
    """What a page needs until the list of models is opened, which gets the rest."""
    names = ("name", "title", "kind", "licence", "parameters", "vocabulary", "context_length")
    return {name: model[name] for name in (*names, "on_disk", "available")}


def _presets(name: str, model_state: dict[str, Any]) -> tuple[tuple[Preset, ...], Measurement | None]:
    """A behaviour's presets and their numbers: the loaded model's where they were measured."""
    loaded = model_state["loaded"]
    measurement = read_measurement(name, loaded["name"]) if loaded else None
    return read_presets(name), measurement or read_measurement(name, DEFAULT_MODEL)


@cache
def environment(language: Language) -> Environment:
    """The templates in one language."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals["_"] = sentences(language)
    env.filters |= filters(language)
    env.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    return env


def render(page: Page, request: Request) -> HTMLResponse:
    """The page's complete first view, which scripts then bring to life."""
    context = page_context(page, request)
    html = environment(context.language).get_template(template_of(page)).render(context.values())
    headers = {"Content-Language": context.language, "Vary": "Accept-Language", "Cache-Control": "no-cache"}
    return HTMLResponse(html, headers=headers)


router = APIRouter(include_in_schema=False)


def _add(page: Page) -> None:
    for part in (TEMPLATES / template_of(page), STATIC / script_of(page)):
        if not part.is_file():
            raise FileNotFoundError(f"the page {page.name} of app/pages/registry.py has no {part}")

    def show(request: Request) -> HTMLResponse:
        if page.development and site_of(request.app).settings.engine != "fake":
            raise NotFound(f"no page at {page.path}")
        return render(page, request)

    router.add_api_route(
        page.path, show, methods=["GET", "HEAD"], name=page.name, response_class=HTMLResponse
    )


for _page in PAGES:
    _add(_page)
