"""The catalog is whole: every name leads somewhere, and no word means two figures."""

from collections import Counter

from storage.metrics import catalog
from storage.metrics.measures import MEASURES


def test_no_word_means_two_figures():
    """A synonym that two metrics shared would be taken for whichever comes last."""
    said = Counter(word for metric in catalog.METRICS.values() for word in metric.synonyms)
    assert [word for word, times in said.items() if times > 1] == []
    assert all(word == word.lower().strip() for word in said)


def test_every_figure_is_measured():
    """Each metric has a measure; lifetime value is made of two others."""
    assert set(catalog.METRICS) - set(MEASURES) <= {"ltv"}
    assert set(MEASURES) <= set(catalog.METRICS)


def test_every_name_is_declared():
    """Dimensions are fields that can be grouped by; columns and orders of lists are fields, too."""
    for metric in catalog.METRICS.values():
        assert all(catalog.field(name).groupable for name in metric.dimensions), metric.name
        assert metric.entity in catalog.ENTITIES
        assert metric.needs
        assert metric.example
    for entity in catalog.ENTITIES.values():
        assert all(catalog.field(name) for name in (*entity.columns, entity.order)), entity.name
