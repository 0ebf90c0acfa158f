"""Table III: grades by regression and cuts, whatever the images and the net."""

from functools import partial

import numpy as np
from sklearn.ensemble import VotingRegressor
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GroupKFold, StratifiedKFold
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from sklearn_slr import SLRClassifier, SLRRegressor, out_of_fold_predict
from sklearn_slr.metrics import quadratic_weighted_kappa
from sklearn_slr.ordinal import apply_thresholds, fit_thresholds
from sklearn_slr.refinement import PosteriorRefinement

from ._figures import draw_losses, draw_rounds
from ._harness import Experiment
from ._problems import identity_of
from ._rows import ordinal_rows

GRADES = np.arange(5)
METRICS = ("QWK", "QWK, rounded", "accuracy", "accuracy, kappa cuts")
N_ROUNDS = 4


def ordinal_experiment(name, load, make_net, **how):
    """Return the experiment of Table III.

    Parameters
    ----------
    name : str
        Of the result files.
    load : callable
        ``load(args)`` returns ``problem(seed) -> Problem``.
    make_net : callable
        ``make_net(args, softmax=False, tricks=True, swa=False, **changes)`` returns a skorch
        regressor, or with `softmax` a classifier. Its module takes `views`.
    **how : dict
        More of `Experiment`.

    Returns
    -------
    Experiment
        The experiment.
    """
    return Experiment(
        name=name,
        rows=ordinal_rows(N_ROUNDS),
        load=load,
        measure=partial(measure, make_net),
        metrics=METRICS,
        baseline="baseline",
        draw=draw,
        **{"identity": lambda data, args: identity_of(data(0)), **how},
    )


def measure(make_net, config, data, args, seed, case):
    """Return the figures of a row: cuts are fitted out of fold, to the row's own last labels."""
    problem, changes = data(seed), config.get("net", {})
    net, softmax = make_net(args, **changes), changes.get("softmax", False)
    student = average_of(net, config.get("copies", 1))
    folds = {} if problem.groups is None else {"groups": problem.groups}
    plain = partial(SLRClassifier if softmax else SLRRegressor, n_rounds=0)
    model = config.get("model", plain)(student, random_state=seed)
    if "checkpoint" in model.get_params():
        # Rows that differ in what they make of the rounds share them.
        model.set_params(checkpoint=args.out.with_suffix(".folds"))
    if student is not net:
        model.set_params(teachers=[("net", net)])
    if folds and "cv" in model.get_params():
        model.set_params(cv=GroupKFold(5, shuffle=True))
        model.fit(problem.X, problem.y, **folds)
    else:
        model.fit(problem.X, problem.y)
    targets = last_targets(model, problem.y)
    # The same folds for the cuts of all rows, whatever their labels have become.
    kind = GroupKFold if folds else StratifiedKFold
    splitter = kind(5, shuffle=True, random_state=seed)
    splits = list(splitter.split(problem.X, problem.y, problem.groups))
    oof = scores_of(out_of_fold_predict(student, problem.X, targets, cv=splits, random_state=seed))
    test = scores_of(
        model.predict_proba(problem.X_test) if softmax else model.predict(problem.X_test)
    )
    found = {"figures": figures_of(oof, problem.y, test, problem.y_test)}
    if config.get("curves"):
        found["curves"] = curves_of(net, problem, targets, seed)
    return found


def average_of(net, copies):
    """Return a regressor that averages so many nets, each with its own draws; one is the net."""
    if copies == 1:
        return net
    # Without rounds it is the plain net, but for its predictions of shape (n,), which Voting wants.
    one = SLRRegressor(net, n_rounds=0)
    return VotingRegressor([(f"net{number}", one) for number in range(copies)])


def last_targets(model, y):
    """Return what the final student of a model learned: numbers (n,), or rows (n, 5)."""
    targets = getattr(model, "refined_labels_", None)
    if targets is None:
        return model.soft_labels_
    if getattr(model, "refinement", None) == "posterior":
        return PosteriorRefinement().training_targets(targets)
    return targets


def scores_of(predictions):
    """Return a number for each row: the expected grade, of probability rows."""
    return predictions @ GRADES if predictions.ndim == 2 else predictions


def figures_of(oof, y, test, y_test):
    """Return all metrics of test scores; cuts are those that are best for out-of-fold scores."""
    kappa, accuracy = (
        apply_thresholds(test, fit_thresholds(oof, y, metric=metric, grades=GRADES), GRADES)
        for metric in ("quadratic_kappa", "accuracy")
    )
    score = partial(quadratic_weighted_kappa, y_test, labels=GRADES)
    values = (
        score(kappa),
        score(np.clip(test.round(), 0, GRADES[-1])),
        accuracy_score(y_test, accuracy),
        accuracy_score(y_test, kappa),
    )
    return dict(zip(METRICS, map(float, values), strict=True))


def curves_of(net, problem, targets, seed):
    """Return training and validation losses by epoch, of a student that learns the targets."""
    y_test = problem.y_test.astype(np.float32).reshape(-1, 1)
    watched = net.set_params(train_split=predefined_split(dataset_of(net)(problem.X_test, y_test)))
    model = SLRRegressor(watched, n_rounds=0, random_state=seed).fit(problem.X, targets)
    history = model.estimator_.history
    return {part: history[:, f"{part}_loss"] for part in ("train", "valid")}


def dataset_of(net):
    """Return what makes the datasets of a net, with its arguments."""
    return partial(net.dataset or Dataset, **net.get_params_for("dataset"))


def draw(cells, data, args, folder):
    """Draw Figures 3 and 4b of the rows that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"baseline": "baseline", "refinery": "label refinery", "slr": "SLR"}
    curves = {}
    for key, name in names.items():
        found = [cell["curves"] for cell in cells if cell["row"] == key and "curves" in cell]
        if found:
            curves[name] = {part: [curve[part] for curve in found] for part in ("train", "valid")}
    if curves:
        draw_losses(curves, folder / f"paper_figure3_{args.out.stem}.png")
    rounds = {}
    for key in ("refinery", "slr"):
        keys = {0: "baseline", **{t: f"{key}-{t}" for t in range(1, N_ROUNDS)}, N_ROUNDS: key}
        scores = {
            t: [cell["figures"]["QWK"] for cell in cells if cell["row"] == row]
            for t, row in keys.items()
        }
        rounds[names[key]] = {t: values for t, values in scores.items() if values}
    if any(len(scores) > 2 for scores in rounds.values()):
        draw_rounds(rounds, folder / f"paper_figure4b_{args.out.stem}.png", what="QWK")
