"""Results whose texts mean harm."""

HOSTILE = (
    '</style></title></svg></script><script>alert("x")</script><img src=x onerror=alert(1)>\'"&{{ 7 * 7 }}'
    "<!--<script>\u2028"
)
"""What a document, a model or a user may have written, if it meant harm."""


def poison(value):
    """The same value with markup behind every text in it."""
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, list):
        return [poison(item) for item in value]
    return {key: poison(item) for key, item in value.items()} if isinstance(value, dict) else value


def poison_texts(results):
    """Put markup behind every text that comes from outside."""
    for key in ("name", "dataset", "configuration", "versions", "plan"):
        results[key] = poison(results[key])
    for document in results["documents"].values():
        document |= {"title": document["title"] + HOSTILE, "text": HOSTILE + document["text"]}
    for query in results["queries"]:
        query |= {"text": query["text"] + HOSTILE, "answers": poison(query["answers"])}
        for run in query["systems"].values():
            run |= {"answer": poison(run["answer"]), "explanations": poison(run["explanations"])}
    for failure in results["failures"]:
        failure["reason"] += HOSTILE
    for measure in results["measures"].values():
        measure["description"] += HOSTILE
    results["measures"]["faithfulness"]["why"] += HOSTILE
    for table in results["breakdowns"]:
        for group in table["groups"]:
            group["name"] += HOSTILE
