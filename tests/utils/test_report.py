from sklearn_slr.utils._report import report


def test_a_line_from_the_wanted_level_on(capsys):
    report(object(), "hello", verbose=1)
    report(object(), "hidden", verbose=1, level=2)
    assert capsys.readouterr().out == "[object] hello\n"
