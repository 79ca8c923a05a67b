"""The site's own files."""

import os
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_YEAR = 31_536_000


class Assets(StaticFiles):
    """Files are asked for again by ETag; a library under a versioned address (`?v=`) is kept for good."""

    def file_response(
        self, full_path: Any, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        versioned = "/vendor/" in scope["path"] and scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = f"max-age={_YEAR}, immutable" if versioned else "no-cache"
        return response
