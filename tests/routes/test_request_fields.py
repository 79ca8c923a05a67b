"""What may be asked, field by field: request_fields.txt is /openapi.json in words that a person can check.

Whoever changes a bound or a default on purpose changes its line there.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.main import create_app
from app.settings import Settings

TABLE = Path(__file__).with_name("request_fields.txt")


def bounds(schema: dict[str, Any], kind: str) -> str:
    """Example: "1 to 6", "at most 40", "from 0 to below 8"."""
    least, most = schema.get(f"min{kind}"), schema.get(f"max{kind}")
    if kind == "imum" and (below := schema.get("exclusiveMaximum")) is not None:
        return f"from {least:.10g} to below {below:.10g}"
    match least, most:
        case None, None:
            return "any"
        case None, _:
            return f"at most {most:.16g}"
        case _, None:
            return f"at least {least:.16g}"
    return f"{least:.16g} to {most:.16g}"


def in_words(schema: dict[str, Any]) -> str:
    match schema:
        case {"anyOf": ways}:
            return " or ".join(in_words(way) for way in ways if way != {"type": "null"})
        case {"enum": values}:
            return " | ".join(values)
        case {"type": "integer" | "number" as kind}:
            return f"{kind}, {bounds(schema, 'imum')}"
        case {"type": "string"}:
            return f"text, {bounds(schema, 'Length')} characters"
        case {"type": "array", "prefixItems": items}:
            return f"[{'; '.join(map(in_words, items))}]"
        case {"type": "array", "items": item}:
            return f"list, {bounds(schema, 'Items')} of ({in_words(item)})"
        case {"type": "object", "properties": fields}:
            return "{" + "; ".join(lines(schema | {"properties": fields})) + "}"
    return str(schema["type"])


def lines(schema: dict[str, Any]) -> Iterator[str]:
    for name, field in schema["properties"].items():
        if name in schema.get("required", ()):
            left_out = "needed"
        else:
            left_out = f"else {json.dumps(field['default'])}" if "default" in field else "may be left out"
        yield f"{name}: {in_words(field)}; {left_out}"


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and body of everything that may be posted, references followed."""
    api = create_app(Settings(engine="fake")).openapi()

    def whole(part: Any) -> Any:
        if isinstance(part, list):
            return [whole(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return whole(api["components"]["schemas"][part["$ref"].rpartition("/")[2]])
        return {key: whole(value) for key, value in part.items()}

    for path, methods in api["paths"].items():
        if body := methods.get("post", {}).get("requestBody"):
            yield path, whole(body["content"]["application/json"]["schema"])


def test_every_field_has_the_bounds_and_the_default_of_the_table():
    told = "\n\n".join("\n  ".join((path, *lines(schema))) for path, schema in operations())
    assert told + "\n" == TABLE.read_text(encoding="utf-8")
