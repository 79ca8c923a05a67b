"""What the page says, as the server and its scripts say it."""

from fastapi.testclient import TestClient

OLD = (
    "must stand before it", "held out from them", "Held-out", "in one pass</button>", "What it makes of each question",
    "weigh against each other", "under here", " nats.", "a token.", "It learns from the page", "labels",
)  # fmt: skip


def said(client: TestClient, language: str) -> str:
    page = client.get("/few-shot", params={"lang": language}).text
    return page + client.get(f"/page-messages/few_shot/{language}").text


def test_it_is_said_in_plain_words(client: TestClient):
    english = said(client, "en")
    assert [old for old in OLD if old in english] == []
    assert "becomes about 60,000 times more likely" in english


def test_one_word_a_term_in_chinese(client: TestClient):
    chinese = said(client, "zh-CN")
    old = ("打乱标签", "没见过的题目", "没有一个权重改变", "画什么", "从眼前这一页里学", "每个词元 {first}")
    assert [each for each in old if each in chinese] == []
    assert "一字不差的提示，" not in chinese and "上下文学习（in-context learning）" in chinese
