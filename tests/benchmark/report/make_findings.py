"""Attribution, breakdowns and a judge as other steps of a run find them."""

BASELINE = "cosine"
UNINFORMATIVE = "agreement .51 (.44 to .58) on 200 items: it says yes to 97% of them"


def interval(difference, width=0.03):
    return {"difference": difference, "low": difference - width, "high": difference + width}


def make_attribution(rows, candidate, random):
    points = []
    for row in rows:
        before, after = (row["systems"][system]["measures"] for system in (BASELINE, candidate))
        if before["squad_f1"] is not None and after["squad_f1"] is not None:
            gain, answer = (after[m] - before[m] for m in ("nDCG@10", "squad_f1"))
            points.append({"query_id": row["query_id"], "retrieval": gain, "answer": answer})
    moves = [
        {
            "document": row["systems"][candidate]["documents"][0]["id"],
            "query_id": row["query_id"],
            "before": int(random.integers(1, 80)) if index % 3 else None,
            "after": 1,
            "norm": row["systems"][candidate]["documents"][0]["norm"],
            "relevant": bool(index % 2),
        }
        for index, row in enumerate(rows[:12])
    ]
    steps = [
        {"step": "retrieval", "from": BASELINE, "to": f"{candidate} (exact)", **interval(0.03)},
        {"step": "index", "from": f"{candidate} (exact)", "to": candidate, **interval(-0.01, 0.005)},
        {"step": "reranker", "from": candidate, "to": f"{candidate} + cross-encoder", **interval(0.02)},
    ]
    stepped = ("nDCG@10", "squad_f1", "faithfulness")
    return {
        "steps": {m: [s | {"n": len(points)} for s in steps] for m in stepped},
        "noise": {"squad_f1": {"sd": 0.04, "share": 0.12}, "squad_em": None},
        "gain": {
            "retrieval": "nDCG@10", "answer": "squad_f1", "points": points,
            "correlation": 0.61, "low": 0.5, "high": 0.7,
        },
        "context_changes": {
            "entered": {"n": 9, **interval(0.21)},
            "left": {"n": 7, **interval(-0.18)},
            "kept": {"n": 40, **interval(0.01)},
            "absent": {"n": 0, "difference": None, "low": None, "high": None},
        },
        "moved": {"promoted": moves, "demoted": [m | {"before": 1, "after": 40} for m in moves[:4]]},
    }  # fmt: skip


def make_breakdown(by, candidate, measure, random):
    names = {"question_type": ["how", "what", "why"], "document_length": ["short", "medium", "long"]}
    groups = names.get(by, ["lowest quarter", "second", "third", "highest quarter"])
    groups = [{"name": g, "n": 20, **interval(float(random.normal(0, 0.05)), 0.04)} for g in groups]
    return {"by": by, "candidate": candidate, "measure": measure, "groups": groups}


def make_judge():
    tasks = {
        "entailment": (200, 0.86, 0.81, 0.90, 0.72, 0.52, True, None),
        "statement_support": (200, 0.51, 0.44, 0.58, 0.02, 0.97, False, UNINFORMATIVE),
    }
    keys = ("n", "agreement", "low", "high", "kappa", "yes_rate", "informative", "why")
    return {
        "model": "qwen3-4b-q8",
        "fingerprint": "77ab01",
        "repeats": 3,
        "check": {
            "model": "qwen3-4b-q8",
            "fingerprint": "77ab01",
            "created": "2026-11-23T19:00:00+00:00",
            "items": 400,
            "tasks": {name: dict(zip(keys, row, strict=True)) for name, row in tasks.items()},
            "position_bias": {"rate": 0.08, "low": 0.02, "high": 0.15},
            "length_bias": 0.11,
            "consistency": 0.94,
            "metrics": {
                "faithfulness": {"informative": False, "why": UNINFORMATIVE},
                "answer_accuracy": {"informative": True, "why": None},
            },
        },
    }
