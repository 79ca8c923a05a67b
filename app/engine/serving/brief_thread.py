"""Work on a thread that ends with it, and takes along the threads that OpenMP keeps for it.

While those of two threads live, a core has more than one, and OpenMP lets all of them sleep at every barrier
instead of spinning. An engine would write a third less: beside another that merely rests, or where the thread
that loaded the model stays.
"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def brief_thread(function: Callable[P, T]) -> Callable[P, T]:
    """The function, each call of it on a thread of its own."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return on_a_brief_thread(lambda: function(*args, **kwargs), function.__name__)

    return call


def on_a_brief_thread(work: Callable[[], T], name: str) -> T:
    """What `work` returns; raises what it raises."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
