"""Where checks of judges are kept, and which of them a benchmark uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from norm_aware.benchmark.judging.calls import questions_digest
from norm_aware.benchmark.judging.check import REPEATS, run_check
from norm_aware.benchmark.judging.trust import judge_fingerprint
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.rows import Rows
from norm_aware.errors import BenchmarkError, MissingExtraError
from norm_aware.progress import Progress, silent
from norm_aware.whole_file import write_whole

_NEEDED = ("model", "fingerprint", "questions", "tasks", "metrics", "findings")


def check_judge(
    judge: LLMConfig,
    *,
    repeats: int = REPEATS,
    folder: Path | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Check a judge and keep the check, so that every later benchmark finds it.

    A check that was stopped goes on where it was; one that is complete asks for nothing.

    Args:
        judge: the model and how it is asked.
        repeats: how often the items of the consistency part are asked again.
        folder: where checks are kept; `checks_folder` where not given.
        progress: told of replies.

    Returns:
        The check, as `run_check` describes it.

    Raises:
        BenchmarkError: when the folder cannot be written.
        LLMError: when the judge cannot be asked at all.
    """
    folder = folder or checks_folder()
    fingerprint = judge_fingerprint(judge)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rows = Rows(folder / f"{fingerprint}.jsonl")
        check = run_check(judge, rows, repeats=repeats, progress=progress)
        write_whole(folder / f"{fingerprint}.json", as_json(check))
    except OSError as error:
        raise BenchmarkError(
            f"{folder} cannot be written ({error.strerror}); make it a folder that can."
        ) from error
    return check


def find_check(fingerprint: str, *, folder: Path | None = None) -> dict[str, Any] | None:
    """The kept check of a judge; None where there is none without failures of this version's questions.

    Args:
        fingerprint: of the judge, by `judge_fingerprint`.
        folder: where checks are kept; `checks_folder` where not given.
    """
    path = (folder or checks_folder()) / f"{fingerprint}.json"
    if not path.is_file():
        return None
    try:
        check = load_check(path)
    except BenchmarkError:  # ours to write, so ours to write again
        return None
    # failed calls are to be made again, and they alone: the replies are kept beside it
    whole = check["questions"] == questions_digest() and not check.get("failures")
    return check if whole else None


def load_check(path: Path) -> dict[str, Any]:
    """A check that `norm-aware judge-check` wrote.

    Raises:
        BenchmarkError: when the file is no such check.
    """
    try:
        check = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchmarkError(
            f"{path} cannot be read as JSON ({error}); name a file that judge-check wrote."
        ) from error
    missing = [name for name in _NEEDED if not isinstance(check, dict) or name not in check]
    if missing:
        raise BenchmarkError(
            f"{path} is no judge check, it lacks {', '.join(missing)}; write one with norm-aware judge-check."
        )
    return dict(check)


def check_for(
    setting: str,
    judge: LLMConfig,
    *,
    folder: Path | None = None,
    progress: Progress = silent,
) -> dict[str, Any] | None:
    """The check of a judge that a benchmark's `judge_check` asks for.

    Args:
        setting: "auto" finds the kept check, or makes one; "none" goes without; anything else is the path
            of a check.
        judge: the model that judges.
        folder: where checks are kept; `checks_folder` where not given.
        progress: told of replies.

    Raises:
        BenchmarkError: when the path holds no check, or that of another judge or of other questions.
        LLMError: when a check is made and the judge cannot be asked at all.
    """
    if setting == "none":
        return None
    fingerprint = judge_fingerprint(judge)
    if setting == "auto":
        found = find_check(fingerprint, folder=folder)
        return found or check_judge(judge, folder=folder, progress=progress)
    check = load_check(Path(setting))
    if check["fingerprint"] != fingerprint:
        raise BenchmarkError(
            f"{setting} is the check of {check['model']} ({check['fingerprint']}) and the judge is "
            f"{judge.model} ({fingerprint}); name its own check, or leave judge_check at auto."
        )
    if check["questions"] != questions_digest():
        raise BenchmarkError(
            f"{setting} is a check by other questions ({check['questions']}) than this version asks "
            f"({questions_digest()}); write it anew by norm-aware judge-check, or leave judge_check at auto."
        )
    return check


def checks_folder() -> Path:
    """The folder in the user's cache where checks are kept.

    Raises:
        MissingExtraError: when platformdirs is not installed.
    """
    try:
        import platformdirs
    except ImportError as error:
        raise MissingExtraError(
            'Keeping judge checks needs platformdirs; install it with pip install "norm-aware[benchmark]".'
        ) from error
    return platformdirs.user_cache_path("norm-aware", appauthor=False) / "judge-checks"


def as_json(check: Mapping[str, Any]) -> str:
    """The check as its file holds it."""
    return json.dumps(check, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
