"""Checks small judges and keeps what was found: one JSON file each in results, and a table for the docs.

    python integration/judge_checks.py smollm2 path/to/model.gguf

A check that was stopped goes on where it was. On a busy machine one thread is faster than several that wait
for each other.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from norm_aware.benchmark.judging.asking import VERDICT_TOKENS
from norm_aware.benchmark.judging.check import REPEATS
from norm_aware.benchmark.judging.kept import as_json, check_judge
from norm_aware.benchmark.llms.model_spec import ModelSpec, open_config
from norm_aware.console import progress_bars
from norm_aware.whole_file import write_whole

RESULTS = Path(__file__).parent / "results"
TIMEOUT = 900.0  # seconds for a verdict, on a machine that does other work too


def main() -> None:
    """Check each judge named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("judges", nargs="+", help="'smollm2' or paths of .gguf files")
    parser.add_argument(
        "--threads", type=int, default=None, help="of a model; llama.cpp chooses if not given"
    )
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the files")
    options = parser.parse_args()
    checks = []
    for name in options.judges:
        spec = ModelSpec(name)
        opened = open_config(spec, max_tokens=VERDICT_TOKENS, timeout=TIMEOUT, reuse_prompts=True)
        with opened as config, progress_bars() as progress:
            if config.server is not None:
                config.server.threads = options.threads
                config.server.timeout = TIMEOUT
            checks.append(check_judge(config, repeats=options.repeats, progress=progress))
        short = name if spec.path is None or name == "smollm2" else Path(name).stem.lower()
        write_whole(options.out / f"judge-check-{short}.json", as_json(checks[-1]))
        print(*checks[-1]["findings"], sep="\n")
    print(table(checks))


def table(checks: Sequence[Mapping[str, Any]]) -> str:
    """The checks as a table in Markdown, a row for each judge and task."""
    lines = [
        "| judge | task | right | 95% interval | kappa | says yes | both of a pair | informative |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for check in checks:
        for name, task in check["tasks"].items():
            cells = (
                check["model"].removesuffix(".gguf"),
                name,
                f"{task['balanced_accuracy']:.2f}",
                f"{task['balanced_low']:.2f} to {task['balanced_high']:.2f}",
                "-" if task["kappa"] is None else f"{task['kappa']:.2f}",
                "-" if task["yes_rate"] is None else f"{task['yes_rate']:.0%}",
                "-" if task["pair_accuracy"] is None else f"{task['pair_accuracy']:.0%}",
                "yes" if task["informative"] else "no",
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
