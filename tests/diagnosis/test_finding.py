import pytest

from norm_aware.diagnosis.finding import Finding


def test_a_finding_reads_as_its_sentence_and_its_advice():
    finding = Finding("norm_and_length", 0.5, None, None, "It is 0.5.", "a paper", "Do this.")
    assert (finding.title, str(finding)) == ("Norm and length", "It is 0.5. Do this.")
    assert str(Finding("gauge", None, None, None, "It is not there.", "a paper", "")) == "It is not there."


def test_a_finding_is_a_frozen_value():
    finding = Finding("gauge", 1.0, None, None, "s", "p", "a")
    with pytest.raises(AttributeError):
        finding.value = 2.0  # type: ignore[misc]
