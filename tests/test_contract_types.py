"""The types that the browser's scripts are checked with are those of the server."""

from tests.contract_types import FILE, contract, typed


def test_the_browsers_types_are_the_servers():
    assert FILE.read_text(encoding="utf-8") == contract(), "run `python -m tests.contract_types`"


def test_a_schema_is_told_in_typescript():
    told = {
        "number": {"type": "integer"},
        "string | null": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        '"typed" | "model"': {"enum": ["typed", "model"]},
        '"round"': {"const": "round"},
        "Array<[number, string]>": {
            "type": "array",
            "items": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
        },
        "Record<string, Turn>": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Turn"}},
        "unknown": {},
    }
    assert {typed(schema): schema for schema in told.values()} == told
