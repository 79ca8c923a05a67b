"""Other people of the class, without a browser: they ask for texts of their own and leave when they like."""

import contextlib
import random
import threading
from collections.abc import Iterator

import httpx

PROMPTS = (
    "The recipe for a good soup begins with",
    "def fibonacci(n):\n",
    "昨天晚上，",
    "In the year 1492",
    "Dear Sir or Madam, I am writing to",
    "人工智能的未来",
)


class Neighbours:
    """`tokens` is how many they have read, all together."""

    def __init__(self, server: str) -> None:
        self.tokens = 0
        self._server = server
        self._over = threading.Event()
        self._counting = threading.Lock()

    def ask_until_over(self, number: int) -> None:
        chance = random.Random(number)
        with httpx.Client(
            base_url=self._server, headers={"X-Client": f"{number:024x}"}, timeout=60, trust_env=False
        ) as http:
            while not self._over.is_set():
                self._ask(http, chance)
                self._over.wait(chance.uniform(0, 0.2))

    def _ask(self, http: httpx.Client, chance: random.Random) -> None:
        body = {
            "prompt": chance.choice(PROMPTS) * chance.choice([1, 1, 8]),
            "temperature": chance.choice([0, 0.6, 1, 1.8]),
            "seed": chance.randrange(2**32),
            "max_tokens": chance.randrange(4, 100),
            "n": chance.choice([1, 1, 1, 3]),
        }
        wanted = chance.randrange(1, 150)  # often fewer than asked for: the reader leaves in the middle
        with http.stream("POST", "/api/completions", json=body) as reply:
            assert reply.status_code == 200, reply.read()
            for line in reply.iter_lines():
                if line != "event: token":
                    continue
                with self._counting:
                    self.tokens += 1
                wanted -= 1
                if wanted == 0 or self._over.is_set():
                    return

    def end(self) -> None:
        self._over.set()


@contextlib.contextmanager
def noisy(server: str, count: int) -> Iterator[Neighbours]:
    """So many neighbours at work for as long as the block lasts."""
    neighbours = Neighbours(server)
    threads = [threading.Thread(target=neighbours.ask_until_over, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield neighbours
    finally:
        neighbours.end()
        for thread in threads:
            thread.join()
