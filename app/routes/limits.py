"""/openapi.json says what this very server allows, not only what any server could."""

from typing import Any

from fastapi import FastAPI

from app.routes.site import site_of


def describe_limits(app: FastAPI) -> None:
    """The most tokens one may ask for is a setting, so no schema of a request can know it."""
    settings = site_of(app).settings
    describe = app.openapi

    def described() -> dict[str, Any]:
        schema = describe()
        for name in ("CompletionRequest", "OpenAICompletionRequest"):
            max_tokens = schema["components"]["schemas"][name]["properties"]["max_tokens"]
            max_tokens["maximum"] = settings.max_tokens
            max_tokens["default"] = min(max_tokens["default"], settings.max_tokens)
        return schema

    app.openapi = described  # type: ignore[method-assign]  # the way FastAPI documents
