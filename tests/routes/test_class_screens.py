"""What of the teacher's choices outlasts the server, who is here, and how soon pages ask again."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.routes.class_screens import HERE_SECONDS, MAX_HERE, STEERED_SECONDS, Attendance, Kept, Screens
from app.settings import Settings
from tests.site import OneModel, browse

TEACHER = {"X-Teacher": "open sesame"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds, to be put forward."""
    now = [1000.0]
    monkeypatch.setattr("app.routes.class_screens.monotonic", lambda: now[0])
    return now


def server(folder: Path) -> TestClient:
    settings = Settings(engine="fake", teacher_secret=TEACHER["X-Teacher"], state_dir=folder)
    return browse(create_app(settings, OneModel(None)))


def test_note_and_blurred_words_outlast_the_server_and_the_curtain_does_not(tmp_path: Path):
    wish = {"curtain": True, "note": True, "blur": ["fish", "鱼"]}
    assert server(tmp_path).post("/api/class", json=wish, headers=TEACHER).status_code == 200
    again = server(tmp_path)
    state = again.get("/api/class").json()
    assert (state["curtain"], state["note"], state["blur"]) == (False, True, ["fish", "鱼"])
    again.post("/api/class", json={"blur": []}, headers=TEACHER)
    state = server(tmp_path).get("/api/class").json()
    assert (state["note"], state["blur"]) == (True, [])


def test_nothing_but_note_and_blur_is_written_and_nothing_before_they_change(tmp_path: Path):
    client = server(tmp_path / "state")
    client.get("/api/class", headers={"X-Client": "a tab"})
    client.post("/api/class", json={"curtain": True}, headers=TEACHER)
    assert not (tmp_path / "state").exists()
    client.post("/api/class", json={"note": True}, headers=TEACHER)
    (file,) = (tmp_path / "state").iterdir()
    assert json.loads(file.read_text()) == {"note": True, "blur": []}


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"\xff", b"[]", b'{"blur": "x"}', b'{"note": 1}', b'{"other": 1}']
)
def test_a_damaged_file_is_said_in_the_log_and_ignored(tmp_path: Path, capsys, damaged: bytes):
    (tmp_path / "class.json").write_bytes(damaged)
    assert Screens(tmp_path).kept == Kept()
    assert "class_not_read" in capsys.readouterr().err


def test_a_folder_that_takes_nothing_stops_no_screen(tmp_path: Path, capsys):
    (tmp_path / "taken").write_text("a file where the folder would be")
    screens = Screens(tmp_path / "taken")
    screens.keep(Kept(note=True))
    assert screens.shown()["note"]
    assert "class_not_kept" in capsys.readouterr().err


def test_a_write_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch):
    Screens(tmp_path).keep(Kept(note=True))

    def half(path: Path, text: str, encoding: str) -> None:
        path.write_bytes(text.encode()[:5])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    Screens(tmp_path).keep(Kept(blur=("fish",)))
    assert Screens(tmp_path).kept == Kept(note=True)


def test_tabs_that_ask_are_here_once_each_and_the_teacher_is_not(tmp_path: Path):
    client = server(tmp_path)
    for tab in ("one", "two", "one"):
        client.get("/api/class", headers={"X-Client": tab})
    client.get("/api/class", headers={"X-Client": "beamer", **TEACHER})
    client.get("/api/class")  # no page of ours
    client.get("/api/models", headers={"X-Client": "three"})
    assert client.get("/api/status", headers=TEACHER).json()["present"] == 2


def test_who_asks_no_longer_is_gone_after_fifteen_seconds(clock):
    attendance = Attendance()
    attendance.look("one")
    clock[0] += HERE_SECONDS - 1
    attendance.look("two")
    assert attendance.present() == 2
    clock[0] += 1
    assert attendance.present() == 1
    attendance.look("two")
    clock[0] += HERE_SECONDS - 1
    assert attendance.present() == 1


def test_invented_tabs_fill_no_memory(clock):
    attendance = Attendance()
    for tab in range(3 * MAX_HERE):
        attendance.look(str(tab))
    assert attendance.present() == MAX_HERE


def test_pages_ask_again_soon_while_a_teacher_looks_and_seldom_otherwise(tmp_path: Path, clock):
    client = server(tmp_path)

    def soon() -> bool:
        """A page waits twice as long at most: a change is there within a second."""
        return 2 * client.get("/api/class").json()["ask_again_seconds"] < 1

    assert client.get("/api/class").json()["ask_again_seconds"] == 5
    client.get("/api/status", headers={"X-Teacher": "guess"})
    assert not soon()
    client.get("/api/status", headers=TEACHER)
    assert soon()
    assert client.post("/api/class", json={}, headers=TEACHER).json() == client.get("/api/class").json()
    clock[0] += STEERED_SECONDS
    assert not soon()


def test_what_every_page_asks_for_is_tiny(tmp_path: Path):
    assert len(server(tmp_path).get("/api/class").content) < 100
