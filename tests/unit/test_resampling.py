"""Intervals and chances by drawing again."""

import numpy as np
import pytest
from scipy import stats

from kb.evaluation import resampling
from kb.evaluation.resampling import chance_of, interval_of_area, interval_of_mean

SOME = [0.0, 1.0, 1.0, 0.3, 0.5, 0.0, 1.0, 0.8, 0.2, 0.6] * 6


def test_the_interval_of_a_mean_is_that_of_the_reference() -> None:
    theirs = stats.bootstrap(
        (SOME,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert interval_of_mean(SOME) == pytest.approx((theirs.low, theirs.high), abs=0.015)


def test_more_questions_make_the_interval_narrower() -> None:
    low, high = interval_of_mean(SOME)
    narrow_low, narrow_high = interval_of_mean(SOME * 4)
    assert narrow_high - narrow_low == pytest.approx((high - low) / 2, rel=0.15)


def test_values_that_are_alike_have_no_width() -> None:
    assert interval_of_mean([1.0]) == (1.0, 1.0)
    assert interval_of_mean([0.5] * 9) == (0.5, 0.5)


def test_the_same_values_give_the_same_figures() -> None:
    assert interval_of_mean(SOME) == interval_of_mean(SOME)
    assert chance_of(SOME) == chance_of(SOME)


def test_drawing_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = interval_of_mean(SOME), chance_of([0.1, -0.05, 0.2])
    monkeypatch.setattr(resampling, "_CELLS", 7)
    assert (interval_of_mean(SOME), chance_of([0.1, -0.05, 0.2])) == at_once


def test_the_interval_of_an_area_holds_it() -> None:
    low, high = interval_of_area([0.9, 0.8, 0.4, 0.7], [0.1, 0.5, 0.6, 0.2])
    assert 0 <= low < 14 / 16 < high <= 1
    assert interval_of_area([0.9, 0.8], [0.1, 0.2]) == (1.0, 1.0)


def test_a_difference_that_is_the_same_everywhere_is_no_chance() -> None:
    assert chance_of([0.1] * 20) == pytest.approx(1 / 10_001)


def test_no_difference_is_all_chance() -> None:
    assert chance_of([]) == 1.0
    assert chance_of([0.0, 0.0]) == 1.0
    assert chance_of([0.5, -0.5]) == 1.0


def test_the_chance_is_that_of_the_reference() -> None:
    differences = [0.5, 0.2, -0.1, 0.3, 0.4, -0.2, 0.1, 0.0, 0.6]
    theirs = stats.permutation_test(
        (differences, [0.0] * len(differences)),
        lambda one, other: np.mean(one) - np.mean(other),
        permutation_type="samples",
        n_resamples=np.inf,
    ).pvalue
    assert chance_of(differences) == pytest.approx(theirs, abs=0.01)
