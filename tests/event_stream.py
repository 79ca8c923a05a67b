"""Server-sent events, read as the specification says."""

import json
from typing import Any


def events(text: str) -> list[tuple[str, Any]]:
    """(event, data) of each block; comments are left out."""
    found = []
    for block in text.split("\n\n"):
        fields = [line.partition(": ") for line in block.split("\n") if line and not line.startswith(":")]
        if fields:
            name = next((value for field, _, value in fields if field == "event"), "message")
            data = "\n".join(value for field, _, value in fields if field == "data")
            found.append((name, data if data == "[DONE]" else json.loads(data)))
    return found
