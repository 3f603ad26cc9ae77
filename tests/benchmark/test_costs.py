from norm_aware.benchmark.costs import system_costs


def row(system, seconds=1.0, shared=False, **usage):
    spent = {"calls": 1, "prompt_tokens": 100, "completion_tokens": 10, "cost": None} | usage
    return {"system": system, "seconds": seconds, "usage": spent, "shared": shared}


def test_what_a_system_spent_adds_up():
    found = system_costs([row("a"), row("b", 0.5), row("a", 2.0, cost=0.1), row("a", cost=0.2)])
    assert found["a"] == {
        "calls": 3,
        "prompt_tokens": 300,
        "completion_tokens": 30,
        "cost": 0.1 + 0.2,
        "seconds": 4.0,
    }
    assert found["b"]["seconds"] == 0.5


def test_an_answer_that_was_another_systems_costs_only_the_time_to_retrieve():
    assert system_costs([row("a", shared=True)])["a"] == {
        "calls": None,
        "prompt_tokens": None,
        "completion_tokens": None,
        "cost": None,
        "seconds": 1.0,
    }


def test_a_row_without_usage_still_took_time():
    assert system_costs([{"system": "a", "seconds": 2.0}])["a"]["seconds"] == 2.0
    assert system_costs([{"system": "a", "seconds": 2.0}])["a"]["calls"] is None
