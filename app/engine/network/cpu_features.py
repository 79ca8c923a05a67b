"""What this processor multiplies natively, as Linux reports it."""

from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_FAST_BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}  # x86, x86 with AMX, ARM


def has_fast_bfloat16() -> bool:
    """Whether bfloat16 is multiplied, and not emulated."""
    return bool(_flags() & _FAST_BFLOAT16)


def are_known() -> bool:
    """Only Linux reports them this way."""
    return bool(_flags())


def _flags() -> set[str]:
    try:
        lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return set(next((line for line in lines if line.startswith(("flags", "Features"))), "").split())
