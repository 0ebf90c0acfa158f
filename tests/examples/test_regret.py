"""The regret benchmark: problems of a seed, one draw, and figures by hand."""

import itertools

import numpy as np
import pytest

from examples.benchmarks.regret.__main__ import FIXED, run_case, summarize
from examples.benchmarks.regret.problems import CASES, DATA, STUDENTS, make_problem


def test_cases_name_what_there_is_and_none_is_in_both():
    for data, noise, student in itertools.chain(*CASES.values()):
        assert data in DATA
        assert student in STUDENTS
        assert noise[0] in "uah"
    names = [{data for data, *_ in cases} for cases in CASES.values()]
    assert len(set.union(*names)) == sum(map(len, names))


@pytest.mark.parametrize(("noise", "share"), [("u0", 0), ("u40", 0.4), ("a30", 0.3), ("h20", 0.2)])
def test_a_problem_is_a_function_of_its_seed(noise, share):
    one, again, other = (make_problem("moons", noise, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.X, again.X)
    np.testing.assert_array_equal(one.given, again.given)
    assert np.any(one.X != other.X)
    assert np.mean(one.given != one.truth) == pytest.approx(share, abs=0.07)


@pytest.mark.filterwarnings("ignore")
def test_a_draw_and_its_figures():
    draw = run_case("moons", "u20", "bayes", 5)
    assert draw["n_fits"] <= 35
    assert draw["auto"]["accuracy"] > 0.7
    row = summarize([draw])
    best = max(draw[name]["accuracy"] for name in FIXED)
    assert row["regret"] == pytest.approx(100 * (draw["auto"]["accuracy"] - best))
    assert row["gain"] == pytest.approx(
        100 * (draw["auto"]["accuracy"] - draw["plain"]["accuracy"])
    )
