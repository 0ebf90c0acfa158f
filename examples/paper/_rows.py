"""The methods that tables compare, as configurations.

A configuration has "model", which makes an estimator of a net and ``random_state``, and "net", what
it changes in the net; without them it is the net by itself.
"""

from functools import partial

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.baselines import (
    KnowledgeDistillationClassifier,
    KnowledgeDistillationRegressor,
    LabelRefineryClassifier,
    LabelRefineryRegressor,
    LabelSmoothingClassifier,
)
from sklearn_slr.losses import FocalLoss, OHEMLoss, OHEMRegressionLoss

from ._harness import Row

TABLE_3 = {
    "plain": "0.8036 ± 0.0214",
    "baseline": "0.8247 ± 0.0125",
    "swa": "0.8119 ± 0.0234",
    "ohem": "0.8061 ± 0.0174",
    "distillation": "0.8128 ± 0.0100",
    "refinery": "0.7527 ± 0.0152",
    "slr": "0.8348 ± 0.0053",
}


def classification_rows(n_rounds, published=None):
    """Return the rows of Table II and the posterior.

    Parameters
    ----------
    n_rounds : int
        Of label refinery and of SLR.
    published : dict of str to dict, default=None
        The paper's figures by row and metric.

    Returns
    -------
    dict of str to Row
        The rows.
    """
    refinery = partial(LabelRefineryClassifier, n_rounds=n_rounds)
    posterior = partial(SLRClassifier, refinement="posterior", n_rounds=min(3, n_rounds))
    rows = {
        "baseline": ("Baseline", {}),
        "focal": ("Focal loss", {"net": {"criterion": FocalLoss}}),
        "ohem": ("OHEM", {"net": {"criterion": OHEMLoss}}),
        "smoothing": ("Label smoothing", {"model": LabelSmoothingClassifier}),
        "distillation": ("Knowledge distillation", {"model": KnowledgeDistillationClassifier}),
        "refinery": ("Label refinery", {"model": refinery}),
        "slr": ("SLR", {"model": partial(SLRClassifier, n_rounds=n_rounds)}),
        "posterior": ("SLR, posterior", {"model": posterior}),
    }
    published = published or {}
    return {key: Row(*row, published.get(key, {})) for key, row in rows.items()}


def ordinal_rows(n_rounds=4):
    """Return the rows of Table III, variants that are not the paper's, and those of Figure 4b.

    "tricks" and "swa" are for the experiment's `make_net`; "softmax" asks for a net with an output
    for each grade, whose score is the expected grade. "copies": so many students are averaged.

    Parameters
    ----------
    n_rounds : int
        Of label refinery and of SLR.

    Returns
    -------
    dict of str to Row
        The rows.
    """
    slr = {t: {"model": partial(SLRRegressor, n_rounds=t)} for t in range(1, n_rounds + 1)}
    refinery = {
        t: {"model": partial(LabelRefineryRegressor, n_rounds=t)} for t in range(1, n_rounds + 1)
    }
    averaged = partial(SLRRegressor, n_rounds=n_rounds, final="folds")
    posterior = partial(SLRClassifier, refinement="posterior", n_rounds=3)
    three = {"net": {"module__views": True}, "copies": 3}
    table = {
        "plain": ("Baseline (without tricks)", {"net": {"tricks": False}}),
        "baseline": ("Baseline (with tricks)", {"curves": True}),
        "swa": ("SWA", {"net": {"swa": True}}),
        "ohem": ("OHEM", {"net": {"criterion": OHEMRegressionLoss}}),
        "distillation": ("Knowledge distillation", {"model": KnowledgeDistillationRegressor}),
        "refinery": ("Label refinery", {**refinery[n_rounds], "curves": True}),
        "slr": ("SLR", {**slr[n_rounds], "curves": True}),
        "folds": ("SLR, its fold students averaged", {"model": averaged}),
        "three": ("Three baselines and flips averaged", three),
        "slr-three": ("SLR-a, three students and flips averaged", {**three, **slr[n_rounds]}),
        "softmax": ("Softmax, expected grade", {"net": {"softmax": True}}),
        "posterior": (
            "SLR, posterior (softmax)",
            {"model": posterior, "net": {"softmax": True}},
        ),
    }
    rows = {
        key: Row(*row, {"QWK": TABLE_3[key]} if key in TABLE_3 else {})
        for key, row in table.items()
    }
    for t in range(1, n_rounds):
        rows[f"refinery-{t}"] = Row(f"Label refinery, {t} rounds", refinery[t], group="rounds")
        rows[f"slr-{t}"] = Row(f"SLR, {t} rounds", slr[t], group="rounds")
    return rows
