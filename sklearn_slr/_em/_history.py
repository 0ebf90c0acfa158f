"""Measurements of each round, and the quality of the observed labels after all rounds."""

import numpy as np
from sklearn.metrics import accuracy_score, r2_score

from ..metrics import label_quality_scores
from ..metrics._kappa import nearest_cuts
from ..refinement._residuals import explain_residuals
from ..utils._arrays import unit_of
from ._evidence import (
    agreement_gain,
    explain_labels,
    in_errors,
    loss_gain,
    over_chance,
    smallest_class_kept,
)

# How many times more probable another class has to be where models have been shown not to know.
ODDS_IN_DOUBT = 1.5


def measure_classes(codes, before, after, oof, first=None, weight=None, *, answers=None):
    """Measure a round of a classification.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        Observed class indices; rows of -1 have no label and do not count.
    before, after, oof : ndarray of shape (n_samples, C)
        The labels before and after the round, and the pseudo-labels between.
    first : tuple, default=None
        What was returned for the first round; None: this is the first.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights; they count as repeated rows.
    answers : ndarray of shape (n_samples, n_annotators), default=None
        All that was observed, where `codes` are the votes of a majority.

    Returns
    -------
    measured : dict of str to float
        `label_change`: mean total variation between the labels before and after; `agreement`:
        share of rows whose refined label is the observed one; `oof_score`: accuracy of the
        pseudo-labels against the observed labels; `agreement_gain`: its difference from the
        first round's, in standard errors; `likelihood_gain`: the same of how well they explain
        the labels; `over_chance` and `smallest_class_kept`: see the functions of these names.
    evidence : tuple
        The most probable classes, and the log-likelihood of the labels.
    """
    known = codes >= 0
    weight_known = None if weight is None else weight[known]
    change = 0.5 * np.abs(after - before).sum(axis=1)
    answers = codes[:, None] if answers is None else answers
    likeliest, (explained, rows) = oof.argmax(axis=1), explain_labels(oof, answers, weight)
    first = (likeliest, explained) if first is None else first
    measured = {
        "label_change": float(np.average(change, weights=weight)),
        "agreement": accuracy_score(
            codes[known], after.argmax(axis=1)[known], sample_weight=weight_known
        ),
        "oof_score": accuracy_score(codes[known], likeliest[known], sample_weight=weight_known),
        "agreement_gain": agreement_gain(answers, first[0], likeliest, weight),
        "likelihood_gain": in_errors(
            explained - first[1], None if weight is None else weight[rows]
        ),
        "over_chance": over_chance(codes[known], likeliest[known], weight_known),
        "smallest_class_kept": smallest_class_kept(codes[known], after[known], weight_known),
    }
    return measured, (likeliest, explained)


def measure_numbers(y, before, after, oof, first=None, weight=None, *, grades=None):
    """Measure a round of a regression.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Observed numbers.
    before, after, oof : ndarray of shape (n_samples,)
        The labels before and after the round, and the pseudo-labels between.
    first : ndarray of shape (n_samples,), default=None
        The first round's pseudo-labels; None: this is the first.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights; they count as repeated rows.
    grades : ndarray of shape (G,), default=None
        Ascending grades.

    Returns
    -------
    measured : dict of str to float
        `label_change`: mean absolute step; `agreement`: share of rows whose observed label is no
        issue, see `number_quality`; `oof_score`: R2 of the pseudo-labels against the observed
        labels; `loss_gain`: see `loss_gain`.
    evidence : ndarray of shape (n_samples,)
        The pseudo-labels.
    """
    first = oof if first is None else first
    _, issues = number_quality(y, oof, weight, grades=grades)
    return {
        "label_change": float(np.average(np.abs(after - before), weights=weight)),
        "agreement": float(np.average(~issues, weights=weight)),
        "oof_score": r2(y, oof, sample_weight=weight),
        "loss_gain": loss_gain(y, first, oof, weight),
    }, oof


def r2(y, predicted, *, sample_weight=None):
    """Return scikit-learn's R2, of numbers of any magnitude."""
    unit = unit_of(y, predicted)
    return r2_score(y * unit, predicted * unit, sample_weight=sample_weight)


def class_quality(codes, observed, mean_oof, posterior=None, *, odds=1.0):
    """Return the quality of observed labels, and which of them the models contradict.

    The quality is the geometric mean of the observed label's probability in two distributions.
    The posterior knows how classes are confused, but supposes that models are right; the averaged
    pseudo-labels do neither. Where labels were not refined, the second one is all there is.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        Observed class indices; -1 where there is none.
    observed : ndarray of shape (n_samples,) or (n_samples, C)
        Class indices or probability rows to judge.
    mean_oof : ndarray of shape (n_samples, C)
        Pseudo-labels averaged over rounds.
    posterior : ndarray of shape (n_samples, C), default=None
        The distribution of the true class, given the pseudo-labels and the observed label.
    odds : float >= 1, default=1.0
        How many times more probable another class has to be to contradict the observed one.

    Returns
    -------
    quality : ndarray of shape (n_samples,)
        How far the observed label is to be trusted, in [0, 1].
    issues : ndarray of bool of shape (n_samples,)
        Whether the averaged pseudo-labels contradict it.
    """
    quality = label_quality_scores(observed, mean_oof)
    rows = np.arange(len(codes))
    own, other = mean_oof[rows, codes], mean_oof.max(axis=1)
    issues = (codes >= 0) & (mean_oof.argmax(axis=1) != codes) & (other >= odds * own)
    if posterior is not None:
        quality = np.sqrt(quality * label_quality_scores(observed, posterior))
    return quality, issues


def number_quality(y, oof, weight=None, *, grades=None):
    """Return the quality of observed numbers, and which of them the models contradict.

    Parameters
    ----------
    y, oof : ndarray of shape (n_samples,)
        Observed numbers and their pseudo-labels.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights; they count as repeated rows.
    grades : ndarray of shape (G,), default=None
        Ascending grades.

    Returns
    -------
    quality : ndarray of shape (n_samples,)
        The probability that the observed number is right: see `explain_residuals`.
    issues : ndarray of bool of shape (n_samples,)
        Whether it is likelier wrong than right; of grades, whether another one is nearest to the
        calibrated prediction.
    """
    found = explain_residuals(y, oof, weight)
    if grades is None:
        return found.right, found.right < 0.5
    return found.right, _nearest_grade(grades, found.expected) != y


def _nearest_grade(grades, predicted):
    return grades[np.searchsorted(nearest_cuts(grades), predicted, side="right")]
