"""What a judge check found, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from norm_aware.benchmark.judging.agreement import Agreement

_CLEAR = 0.05  # p below which a bias is told as one
_CONSTANT = 0.95  # share of one verdict from which on it is nearly the only one


def task_sentence(task: str, found: Agreement) -> str:
    """Whether a judge is informative on a task, and the figures that say so."""
    interval = f"{found.balanced_low:.2f} to {found.balanced_high:.2f}"
    figures = f"balanced accuracy {found.balanced_accuracy:.2f} (95% interval {interval})"
    if found.yes_rate is None:
        return f"On {task} none of {found.n} calls gave a verdict."
    if found.informative:
        return f"On {task} it is better than chance: {figures}, from {found.n} verdicts."
    if found.balanced_high < 0.5:
        return f"On {task} it is worse than chance: {figures}, from {found.n} verdicts."
    yes, no = ("A", "B") if task == "comparison" else ("yes", "no")
    constant = f"; it says {yes} to {found.yes_rate:.0%} of them" if found.yes_rate >= _CONSTANT else ""
    if found.yes_rate <= 1 - _CONSTANT:
        constant = f"; it says {no} to {1 - found.yes_rate:.0%} of them"
    return f"On {task} it is no better than chance: {figures}, from {found.n} verdicts{constant}."


def findings(check: Mapping[str, Any]) -> list[str]:
    """The sentences of a whole check, the weightiest first.

    Args:
        check: with `tasks`, `position_bias`, `length_bias`, `consistency`, `failures` and `calls`.
    """
    tasks = {name: task for name, task in check["tasks"].items() if name != "comparison"}
    found = [*_verdict_on_all(tasks), *(task["why"] for task in check["tasks"].values())]
    found += [*_weakest(tasks), *_position(check["position_bias"]), *_length(check["length_bias"])]
    found += _consistency(check["consistency"])
    if check["failures"]:
        found.append(
            f"{check['failures']} of {check['calls']} calls gave no verdict; they count as disagreement."
        )
    return found


def _verdict_on_all(tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    given = sum(task["n"] - task["failures"] for task in tasks.values())
    yes = sum(round((task["yes_rate"] or 0) * (task["n"] - task["failures"])) for task in tasks.values())
    for word, count in (("yes", yes), ("no", given - yes)):
        if given and count == given:
            return [f"It says {word} to everything: no judge."]
        if given and count / given >= _CONSTANT:
            return [f"It says {word} to {count} of {given} items: no judge."]
    if any(task["informative"] for task in tasks.values()):
        return []
    same = [_constant(tasks, word, rate) for word, rate in (("yes", 1), ("no", 0))]
    return [
        "; ".join([*filter(None, same), "it is no better than chance on any task: no judge."]).capitalize()
    ]


def _constant(tasks: Mapping[str, Mapping[str, Any]], word: str, rate: float) -> str:
    names = [name for name, task in tasks.items() if task["yes_rate"] == rate]
    return f"it says {word} to everything on {' and '.join(names)}" if names else ""


def _weakest(tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    kinds = [
        (found["agreement"], f"{kind} in {task} ({found['agreement']:.0%} of {found['n']})")
        for task, of in tasks.items()
        if of["informative"]
        for kind, found in of["kinds"].items()
        if found["agreement"] <= 0.75
    ]
    worst = [text for _, text in sorted(kinds)[:3]]
    return [f"Weakest on {', '.join(worst)}."] if worst else []


def _position(bias: Mapping[str, Any]) -> list[str]:
    if bias["follows_position"] is None:
        return []
    share = f"{bias['follows_position']:.0%} of {bias['n']} comparisons"
    sentence = f"In {share} it chooses the same place in both orders"
    return [f"{sentence} (95% interval {bias['low']:.2f} to {bias['high']:.2f})."]


def _length(bias: Mapping[str, Any]) -> list[str]:
    if bias["difference"] is None:
        return []
    rates = f"{bias['padded']:.0%} of {bias['n']} answers padded and {bias['concise']:.0%} of them concise"
    if bias["p"] >= _CLEAR:
        return [f"No clear length bias: it accepts {rates} (p {bias['p']:.2f})."]
    word = "longer" if bias["difference"] > 0 else "shorter"
    return [f"It favours {word} answers: it accepts {rates} (p {bias['p']:.3f})."]


def _consistency(found: Mapping[str, Any]) -> list[str]:
    sentences = []
    if found["unanimous"] is not None:
        sentences.append(
            f"{found['repeats']} repeats at temperature {found['temperature']:g} agree with each other on "
            f"{found['unanimous']:.0%} of {found['n']} items."
        )
    if found["rephrased"] is not None:
        sentences.append(f"Asked in other words it says the same on {found['rephrased']:.0%} of them.")
    return sentences
