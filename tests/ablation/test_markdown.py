import re

from norm_aware.ablation.claims import KINDS, verdicts
from norm_aware.ablation.markdown import markdown, summary
from norm_aware.ablation.tables import by_set
from norm_aware.numerals import number
from tests.ablation.worlds import OWN, SETS


def tables(text):
    """Rows of each table, by its heading."""
    found = {}
    for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        title, *lines = part.splitlines()
        found[title] = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("|")]
    return found


def test_every_table_is_rectangular_with_its_rule(results):
    found = tables(markdown(results))
    assert len(found) == 5 + len(KINDS) + 2  # grids, by set, exponents; comparisons; norms, condition
    for rows in found.values():
        assert len({len(row) for row in rows}) == 1
        assert all(set(cell.strip()) <= {"-", ":"} for cell in rows[1])


def test_the_table_by_set_holds_the_means_and_marks_the_highest(results):
    rows = tables(markdown(results))["by set, each arm under its own similarity"]
    assert [cell.strip() for cell in rows[0]] == ["arm", *SETS]
    assert [row[0].strip() for row in rows[2:]] == ["untouched", *OWN]
    for row, (_, cells) in zip(rows[2:], by_set(results).rows, strict=True):
        assert all(number(cell.mean) in text for cell, text in zip(cells, row[1:], strict=True))
        assert [cell.best for cell in cells] == ["**" in text for text in row[1:]]


def test_a_comparison_says_which_way_it_went_with_all_its_ps(results):
    rows = tables(markdown(results))[KINDS["cosine"]]
    (dot, _) = [row for row in rows if row[0].strip() == "dot"]
    assert dot[4].strip() == "▼ worse"
    assert rows[0][-3:] == [" p ", " adjusted p ", " p of seeds "]


def test_what_was_not_measured_has_no_table(results):
    bare = {**results, "comparisons": [], "untouched_conditioning": None, "arms": {}}
    titles = tables(markdown(bare))
    assert not [title for title in titles if title in KINDS.values() or "condition" in title]


def test_the_summary_is_the_verdicts_and_the_grid_out_of_domain(results):
    text = summary(results)
    assert list(tables(text)) == ["mean of the out-of-domain sets"]
    found = verdicts(results)
    assert len(re.findall(r"^- ", text, re.MULTILINE)) == len(found) == 13
    assert all(f"- {verdict['claim']}: {verdict['figures']}." in text for verdict in found)
    assert text.split("###")[0] in markdown(results)


def test_a_bar_in_a_name_does_not_make_a_column(results):
    arms = {"a|b": results["arms"]["dot"]}
    rows = tables(markdown({**results, "comparisons": [], "arms": arms}))
    assert all(len(row) == len(part[0]) for part in rows.values() for row in part)
