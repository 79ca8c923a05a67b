"""What is logged is one JSON object a line, and no error's message."""

import json
import subprocess
import sys

from app.logs import described

PROGRAM = """
import logging
from app.logs import configure_logs, take_over_libraries
import structlog
configure_logs("warning")
take_over_libraries("warning")
structlog.get_logger().info("not at this level")
structlog.get_logger().warning("own", what="two\\r\\nlines\\x1b[31m")
logging.getLogger("library").warning("theirs %s", "two\\nlines")
try:
    raise ValueError("a person's text")
except ValueError:
    logging.getLogger("library").exception("failed")
"""


def test_every_line_is_an_object_and_quotes_no_error():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["own", "theirs two\nlines", "failed"]
    assert {line["level"] for line in lines} == {"warning", "error"}
    assert lines[2]["kind"] == "ValueError" and lines[2]["trace"] == ["__main__:11"]
    assert "a person's text" not in done.stderr
    assert "\x1b" not in done.stderr


def test_an_error_in_a_group_is_described_by_the_first_of_them():
    try:
        raise ExceptionGroup("all", [KeyError("secret")])
    except ExceptionGroup as error:
        assert described(error)["kind"] == "KeyError"
