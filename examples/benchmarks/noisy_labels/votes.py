"""What is compared on the answers of several annotators, as functions like those of methods.py."""

import numpy as np

from sklearn_slr import out_of_fold_predict
from sklearn_slr.utils._random import derive_seed, isolated_generators

from .methods import CV, Result, clean_equal, mean_proba, smooth


def majority(problem, seed):
    """Return the majority vote, as cleanlab breaks its ties."""
    from cleanlab.multiannotator import get_majority_vote_label

    with isolated_generators(seed):
        return get_majority_vote_label(_as_floats(problem.votes), verbose=False)


def _as_floats(votes):
    return np.where(votes >= 0, votes, np.nan)


def vote_shares(student, problem, seed, *, n_fits=5):
    """Fit the shares of the votes."""
    rows = np.stack([(problem.votes == c).sum(axis=1) for c in range(problem.n_classes)], axis=1)
    rows = rows / rows.sum(axis=1, keepdims=True)
    proba = mean_proba(student, problem.X, rows, problem.X_test, seed, n_fits)
    return Result(proba, n_fits, labels=rows.argmax(axis=1))


def dawid_skene(student, problem, seed, *, n_fits=5):
    """Fit the probabilities that crowd-kit's Dawid-Skene model gives."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    task, worker = np.nonzero(problem.votes >= 0)
    answers = pd.DataFrame({"task": task, "worker": worker, "label": problem.votes[task, worker]})
    table = DawidSkene(n_iter=100).fit_predict_proba(answers)
    wanted = {"index": range(len(problem.votes)), "columns": range(problem.n_classes)}
    rows = table.reindex(**wanted).fillna(0.0).to_numpy(dtype=np.float64)
    rows = rows / rows.sum(axis=1, keepdims=True)
    proba = mean_proba(student, problem.X, rows, problem.X_test, seed, n_fits)
    return Result(proba, n_fits, labels=rows.argmax(axis=1))


def crowdlab(student, problem, seed, *, n_passes=1, n_repeats=1, n_final=5):
    """Fit the consensus of CROWDLAB (cleanlab), found once or again from its own consensus."""
    from cleanlab.multiannotator import get_label_quality_multiannotator

    votes, consensus = _as_floats(problem.votes), majority(problem, seed)
    for i in range(n_passes):
        oof = out_of_fold_predict(
            student,
            problem.X,
            smooth(consensus, problem.n_classes),
            cv=CV,
            n_repeats=n_repeats,
            random_state=derive_seed(seed, i),
        )
        with isolated_generators(seed):
            found = get_label_quality_multiannotator(votes, oof, verbose=False)
        consensus = found["label_quality"]["consensus_label"].to_numpy(dtype=np.int64)
    rows = smooth(consensus, problem.n_classes)
    proba = mean_proba(
        student, problem.X, rows, problem.X_test, derive_seed(seed, n_passes), n_final
    )
    return Result(proba, n_passes * n_repeats * CV + n_final, labels=consensus)


def majority_equal(student, problem, seed):
    """Give the majority vote to the equal control."""
    return clean_equal(student, problem, seed, observed=majority(problem, seed))
