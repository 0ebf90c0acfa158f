"""The benchmark of numbers: problems of a seed, one draw, and its tables."""

import numpy as np
import pytest

pytest.importorskip("pandas")

from sklearn.linear_model import Ridge

from examples.benchmarks.numbers.__main__ import print_tables, run_draw
from examples.benchmarks.numbers.methods import METHODS, Counted, applies, clip
from examples.benchmarks.numbers.problems import ERRORS, SETS, STUDENTS, make_problem, spoil


@pytest.mark.parametrize("kind", ["known", "unseen", "later"])
def test_problems_are_drawn_by_their_seed(kind):
    for name in SETS[kind]:
        one, same, other = (make_problem(kind, name, "s15", seed) for seed in (1, 1, 2))
        assert np.array_equal(one.X, same.X)
        assert np.array_equal(one.given, same.given)
        assert not np.array_equal(one.given, other.given)
        assert len(one.X) == len(one.given) == len(one.truth)
        assert np.isfinite(one.X_test).all()
        assert one.y_test.std() > 0
        assert 0.05 < (one.given != one.truth).mean() < 0.27


def test_errors_are_what_they_are_called():
    y = np.random.default_rng(0).normal(10, 2, 2000)

    def factors(error):
        given = spoil(y, error, np.random.default_rng(1))
        wrong = given != y
        assert wrong.mean() == pytest.approx(int(error[1:]) / 100, abs=0.03)
        return given[wrong] / y[wrong], (given - y)[wrong] / y.std(), np.sort(given)

    assert np.allclose(factors("x15")[0], 10)
    assert set(factors("t15")[0].round(3)) == {0.1, 10}
    assert factors("o15")[1].min() >= 1
    shifts = factors("s15")[1]
    assert np.all((np.abs(shifts) >= 1) & (np.abs(shifts) <= 3))
    assert abs(np.sign(shifts).mean()) < 0.2
    assert np.array_equal(factors("p30")[2], np.sort(y))
    assert np.array_equal(spoil(y, "clean", None), y)


def test_a_draw_and_its_tables(capsys):
    methods = ["plain", "robust", "average", "robust loss"]
    draws = [
        run_draw("later", "doses", error, "ridge", seed, methods, None)
        for error in ("clean", "x15")
        for seed in (0, 1)
    ]
    plain = draws[2]["plain"]["r2"]
    assert draws[2]["robust"]["r2"] > 0.7 > 0 > plain
    assert draws[2]["robust"]["ap"] > 0.95
    assert "ap" not in draws[0]["robust"]
    assert "ap" not in draws[2]["plain"]
    assert [draws[2][name]["fits"] for name in methods] == [1, 16, 16, 1]
    print_tables(draws)
    printed = capsys.readouterr().out
    gain = np.mean([clip(d["robust"]["r2"]) - clip(d["plain"]["r2"]) for d in draws[2:]])
    assert f"| x15 | 2 | -1.000 | {gain:+.3f}" in printed
    assert "right numbers: 0 of 1 cases" in printed


def test_fits_are_counted():
    Counted.fits = 0
    X, y = np.arange(6.0)[:, None], np.arange(6.0)
    model = Counted(Ridge()).fit(X, y)
    model.fit(X, y)
    assert Counted.fits == 2
    assert np.allclose(model.predict(X), Ridge().fit(X, y).predict(X))


def test_methods_say_where_they_apply():
    assert all(applies(name, student) for name in ("plain", "robust") for student in STUDENTS)
    assert not applies("robust loss", "forest")
    assert applies("robust loss", "boosting")
    assert set(METHODS) > {"plain", "robust", "average"}
    assert len(ERRORS) == 8
