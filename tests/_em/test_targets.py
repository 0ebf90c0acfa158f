import numpy as np
import pandas as pd
import pytest

from sklearn_slr._em._targets import encode_answer_targets, encode_label_targets


def test_labels_become_rows_codes_and_strata():
    problem = encode_label_targets(["b", "a", "b"], ["a"])
    np.testing.assert_array_equal(problem.observed, [[0, 1], [1, 0], [0, 1]])
    np.testing.assert_array_equal(problem.codes, [1, 0, 1])
    np.testing.assert_array_equal(problem.strata, problem.split_labels)
    assert problem.classes.tolist() == ["a", "b"]
    assert problem.n_classes == 2
    assert problem.y_val.tolist() == [0]


def test_probability_rows_are_observed_as_they_are():
    rows = pd.DataFrame([[0.25, 0.75], [1.0, 0.0]], columns=["a", "b"])
    problem = encode_label_targets(rows)
    np.testing.assert_array_equal(problem.targets, rows)
    np.testing.assert_array_equal(problem.presence, rows)
    assert problem.codes.tolist() == [1, 0]
    assert problem.y_val is None


def test_answers_begin_with_the_shares_of_the_votes():
    problem = encode_answer_targets([["a", "b"], ["b", "b"], [None, None]], ["b"])
    np.testing.assert_array_equal(problem.observed, [[0, 1], [1, 1], [-1, -1]])
    np.testing.assert_array_equal(problem.targets, [[0.5, 0.5], [0, 1], [0.5, 0.5]])
    # A row that nobody answered shows no class to the folds.
    np.testing.assert_array_equal(problem.presence, [[0.5, 0.5], [0, 1], [0, 0]])
    assert problem.codes.tolist() == [0, 1, -1]
    assert problem.y_val.tolist() == [1]


@pytest.mark.parametrize("encode", [encode_label_targets, encode_answer_targets])
def test_a_clean_set_has_no_classes_of_its_own(encode):
    y = ["a", "b"] if encode is encode_label_targets else [["a", "b"]]
    with pytest.raises(ValueError, match="y_val"):
        encode(y, ["c"])
