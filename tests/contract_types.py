"""`python -m tests.contract_types` writes tests/js/types/contract.d.ts: what the browser sends and gets, as tsc reads it.

Requests are those of the server's own OpenAPI document. Parts are the dataclasses of app/pages/<page> that have a
`kind`; a page is a namespace, since two pages may give two parts one name.
"""

import dataclasses
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from app.experiments.experiment import Part
from app.main import create_app
from app.pages import presets
from app.pages.experiments import experiments_of
from app.pages.registry import PAGES, Page
from app.settings import Settings

FILE = Path(__file__).parent / "js" / "types" / "contract.d.ts"
HEAD = "// Written by `python -m tests.contract_types` from the server's requests and parts.\n"
PLAIN = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean", "null": "null"}

Schema = dict[str, Any]


def contract() -> str:
    """The whole file."""
    document = create_app(Settings(engine="fake")).openapi()
    asked = {
        path: methods["post"]["requestBody"]["content"]["application/json"]["schema"]
        for path, methods in document["paths"].items()
        if "requestBody" in methods.get("post", {})
    }
    experiments = {page: experiments_of(page.name) for page in PAGES}
    return "\n".join(
        [
            HEAD,
            interface("Requests", {json.dumps(path): typed(schema) for path, schema in asked.items()}),
            *declared(document["components"]["schemas"]),
            *(namespace(page) for page, offered in experiments.items() if offered),
            interface(
                "News",
                {
                    json.dumps(experiment.name): f"{page.name}.News"
                    for page, offered in experiments.items()
                    for experiment in offered
                },
            ),
        ]
    )


def namespace(page: Page) -> str:
    """The parts of a page's experiments; `News` are the pairs that a listener gets."""
    parts = parts_of(page)
    adapters = [(part, "serialization", TypeAdapter(part)) for part in parts]
    schemas = TypeAdapter.json_schemas(adapters)[1]["$defs"]  # type: ignore[arg-type]  # the keys may be classes
    for part in parts:
        schema = schemas[part.__name__]
        schema["properties"] = {"kind": {"const": part.kind}} | schema["properties"]
        schema["required"] = ["kind", *schema["required"]]
    news = " | ".join(f"[kind: {json.dumps(part.kind)}, data: {part.__name__}]" for part in parts)
    lines = "\n".join([*declared(schemas), f"export type News = {news};\n"])
    return f"export namespace {page.name} {{\n{indented(lines)}}}\n"


def parts_of(page: Page) -> list[type[Part]]:
    """In the order of their kinds, which are the names of the events."""
    folder = presets.FOLDER / page.name
    modules = [import_module(f"app.pages.{page.name}.{file.stem}") for file in sorted(folder.glob("*.py"))]
    found = {
        value.kind: value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and dataclasses.is_dataclass(value)
        and isinstance(getattr(value, "kind", None), str)
        and value.__module__ == module.__name__
    }
    return [found[kind] for kind in sorted(found)]


def declared(schemas: dict[str, Schema]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        if "properties" not in schema:
            yield f"export type {name} = {typed(schema)};\n"
            continue
        required = schema.get("required", [])
        fields = {
            field if field in required else f"{field}?": typed(of)
            for field, of in schema["properties"].items()
        }
        yield interface(name, fields)


def interface(name: str, fields: dict[str, str]) -> str:
    lines = "".join(f"{field}: {of};\n" for field, of in fields.items())
    return f"export interface {name} {{\n{indented(lines)}}}\n"


def typed(schema: Schema) -> str:
    """A JSON Schema, as far as pydantic writes one, in TypeScript. Example: {"type": "integer"} is "number"."""
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(map(json.dumps, schema["enum"]))
    if "anyOf" in schema:
        return " | ".join(map(typed, schema["anyOf"]))
    if "prefixItems" in schema:
        return f"[{', '.join(map(typed, schema['prefixItems']))}]"
    if schema.get("type") == "array":
        return f"Array<{typed(schema['items'])}>"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {typed(values) if isinstance(values, dict) else 'unknown'}>"
    return PLAIN[schema["type"]] if "type" in schema else "unknown"


def indented(lines: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in lines.splitlines(keepends=True))


if __name__ == "__main__":
    FILE.write_text(contract(), encoding="utf-8")
