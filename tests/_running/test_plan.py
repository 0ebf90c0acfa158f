"""The plan of a fit and the lines that are printed."""

from sklearn_slr._running._progress import Plan, print_line


def test_the_plan_counts_every_fit_once():
    plan = Plan(3, 2, 5, 2, n_scores=0, n_final=1)
    assert str(plan) == (
        "3 rounds x 2 repeats x 5 folds x 2 teachers = 60 fits, 1 final: 61 in all."
    )
    assert plan.n_tasks == 4


def test_scores_are_named_where_there_are_any():
    plan = Plan(1, 1, 5, 1, n_scores=5, n_final=1)
    assert str(plan) == (
        "1 rounds x 1 repeats x 5 folds x 1 teachers = 5 fits, 5 for the thresholds, 1 final: "
        "11 in all."
    )
    assert plan.n_tasks == 3


def test_a_line_is_printed_from_its_level_on(capsys):
    print_line(object(), "hello", verbose=1)
    print_line(object(), "hidden", verbose=1, level=2)
    assert capsys.readouterr().out == "[object] hello\n"
