"""Memory that was freed goes back to the system."""

import ctypes
import platform
import sys

import psutil
import pytest

from app.engine.serving.freed_memory import give_back_freed_memory

BLOCK, BLOCKS = 60_000, 2_000  # bytes; small ones lie side by side, and what is below the last one stays


@pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="no other allocator is asked"
)
def test_what_was_freed_below_the_last_block_goes_back():
    library = ctypes.CDLL(None)
    library.malloc.restype, library.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
    blocks = [library.malloc(BLOCK) for _ in range(BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, BLOCK)
    for block in blocks[:-1]:
        library.free(block)
    held = psutil.Process().memory_info().rss
    give_back_freed_memory()
    assert held - psutil.Process().memory_info().rss > BLOCK * BLOCKS / 2
    library.free(blocks[-1])
