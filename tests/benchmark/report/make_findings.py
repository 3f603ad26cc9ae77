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
            "entered": {"questions": 11, "n": 9, **interval(0.21)},
            "left": {"questions": 7, "n": 7, **interval(-0.18)},
            "kept": {"questions": 42, "n": 40, **interval(0.01)},
            "absent": {"questions": 0, "n": 0, "difference": None, "low": None, "high": None},
        },
        "totals": {m: {"n": len(points), **interval(0.04)} for m in stepped},
        "hits": {
            system: {
                "hit": {"n": 20, "mean": 0.6, "low": 0.5, "high": 0.7},
                "miss": {"n": 0, "mean": None, "low": None, "high": None},
            }
            for system in (BASELINE, candidate)
        },
        "movement": {
            "depths": [
                {"depth": d, "favours": {"relative_norm": {"n": 30, **interval(0.2)}}} for d in (10, 100)
            ],
            "often": {
                "promoted": [
                    {"document": "far/away", "title": "Far away", "excerpt": "It moves.", "norm": None}
                    | {"entered": 9, "left": 1}
                ],
                "demoted": [],
            },
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
            "position_bias": {"follows_position": 0.08, "low": 0.02, "high": 0.15, "first_rate": 0.51},
            "length_bias": {"concise": 0.4, "padded": 0.55, "p": 0.01},
            "consistency": {"unanimous": 0.94, "low": 0.9, "high": 0.97, "rephrased": 0.88},
            "findings": ["It says yes to 97% of the statements.", "It is consistent."],
            "metrics": {
                "faithfulness": {"informative": False, "why": UNINFORMATIVE},
                "answer_accuracy": {"informative": True, "why": None},
                "factual_correctness": {"informative": True, "why": None},
            },
        },
    }
