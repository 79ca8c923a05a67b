"""Weights from the Hugging Face hub: safetensors and JSON files only, never code, never pickles.

`fetch` starts `python -m app.checkpoints.hub <repo> <revision> <folder>` as a child, to watch and stop it.
"""

import json
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.checkpoints.manifests import HubSource, Manifest
from app.checkpoints.subprocesses import bytes_under, end_with_parent, run_python, tail
from app.errors import ModelUnavailable

_SUFFIXES = (".safetensors", ".json", ".jinja", ".model")
_LICENCES = ("LICENSE", "LICENCE", "NOTICE", "USE_POLICY")
_CONNECT_SECONDS = 8.0


def fetch(
    manifest: Manifest,
    source: HubSource,
    folder: Path,
    progress: Callable[[str, float | None, str], None],
    cancelled: threading.Event,
) -> None:
    """Fill `folder` from the hub. Raises ModelUnavailable within seconds where there is no hub."""
    title = manifest.title
    log = folder.with_name(f"{folder.name}.log")
    answer: dict[str, Any] = {}

    def watch() -> None:
        total = answer.get("bytes")
        if total:
            came = min(bytes_under(folder), total)
            message = f"fetching {title}: {came / 1e6:,.0f} of {total / 1e6:,.0f} MB"
            progress("fetch", came / total, message)

    progress("fetch", None, f"asking huggingface.co for {title}")
    folder.mkdir()
    try:
        status = run_python(
            ["-m", "app.checkpoints.hub", source.repo, source.revision, str(folder)],
            log=log,
            title=title,
            cancelled=cancelled,
            environment={
                "HF_HUB_OFFLINE": "0",
                "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                "HF_HUB_DISABLE_TELEMETRY": "1",
            },
            watch=watch,
            news=answer.update,
        )
        if status != 0 or "problem" in answer:
            raise ModelUnavailable(_sentence(title, source, answer.get("problem", ""), tail(log)))
    finally:
        log.unlink(missing_ok=True)
        shutil.rmtree(folder / ".cache", ignore_errors=True)


def _sentence(title: str, source: HubSource, problem: str, last: str) -> str:
    where = f"huggingface.co/{source.repo}"
    return {
        "unreachable": (
            f"{title} needs huggingface.co, which this machine cannot reach; tried {source.repo}. "
            f"Connect it, or put a copy on disk and start with --model /path/to/the/folder"
        ),
        "gated": (
            f"{title} is given out only after its terms are accepted: log in on {where}, accept them, then "
            f"run `hf auth login` here and try again"
        ),
        "not found": f"{title} was not found: there is no {where} at revision {source.revision}",
        "pickled": f"{title} is refused: {where} has only pickled weights, which can run code",
        "disk": f"{title} does not fit: the disk is full; free some space and try again",
    }.get(problem, f"{title} could not be fetched from {where}: {problem or last or 'no reason given'}")


def download(repo: str, revision: str, folder: Path, say: Callable[[dict[str, Any]], None]) -> None:
    """The child's work: look what is there, say how much it is, then fetch it."""
    from huggingface_hub import HfApi, snapshot_download

    info = HfApi().model_info(repo, revision=revision, files_metadata=True, timeout=_CONNECT_SECONDS)
    sizes = {each.rfilename: each.size or 0 for each in info.siblings or []}
    wanted = [name for name in sizes if is_wanted(name)]
    if not any(name.endswith(".safetensors") for name in wanted):
        say({"problem": "pickled"})
        return
    say({"bytes": sum(sizes[name] for name in wanted)})
    snapshot_download(repo, revision=info.sha or revision, local_dir=folder, allow_patterns=wanted)


def is_wanted(name: str) -> bool:
    """Files of the top folder that a model is read from, and its licence."""
    return "/" not in name and (name.endswith(_SUFFIXES) or name.startswith(_LICENCES))


def main() -> int:
    """The child: what it found, as lines of JSON on standard output."""
    import errno

    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    def say(message: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(message) + "\n")

    end_with_parent()
    try:
        download(sys.argv[1], sys.argv[2], Path(sys.argv[3]), say)
        return 0
    except GatedRepoError:
        say({"problem": "gated"})
    except (RepositoryNotFoundError, RevisionNotFoundError):
        say({"problem": "not found"})
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        say({"problem": "gated" if status in (401, 403) else f"the hub answered with status {status}"})
    except Exception as error:
        if _is_unreachable(error):
            say({"problem": "unreachable"})
        elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
            say({"problem": "disk"})
        else:
            say({"problem": f"{type(error).__name__}: {error}"[:300]})
    return 1


def _is_unreachable(error: BaseException) -> bool:
    """By name: which HTTP library huggingface_hub uses has changed with its versions."""
    names = {"TransportError", "ConnectionError", "LocalEntryNotFoundError", "OfflineModeIsEnabled"}
    return any(kind.__name__ in names for kind in type(error).__mro__)


if __name__ == "__main__":
    raise SystemExit(main())
