"""Which methods are compared, by the names that they have in the tables."""

from functools import partial

from .methods import (
    AUTO_BUDGET,
    HOT,
    N_STUDENTS,
    ROUNDS,
    SMOOTHING,
    auto_teachers,
    clean_equal,
    clean_learning,
    clean_teachers,
    fit_labels,
    posterior,
    refinery,
)
from .votes import crowdlab, dawid_skene, majority_equal, vote_shares

METHODS = {
    "plain": fit_labels,
    "smoothing": partial(fit_labels, smoothing=SMOOTHING),
    "smoothing x5": partial(fit_labels, smoothing=SMOOTHING, n_fits=5),
    "cleanlab": clean_learning,
    "cleanlab equal": clean_equal,
    "cleanlab equal hard": partial(clean_equal, smoothing=0.0),
    "cleanlab equal auto": partial(clean_equal, budget=AUTO_BUDGET),
    "paper SLR": partial(refinery, refinement="average"),
    "posterior cold": posterior(0.5),
    "posterior hot": posterior(HOT),
    "auto": refinery,
    "cleanlab equal teachers": clean_teachers,
    "auto teachers": auto_teachers,
    "gold": partial(fit_labels, labels="truth"),
}
# Methods that are for some students only: mixed teachers for those among them; labels without
# smoothing for those that do not need it (nets do: they fit the wrong labels).
_TEACHERS = ("forest", "knn", "logistic")
STUDENTS_FOR = {
    "cleanlab equal hard": (*_TEACHERS, "boosting"),
    "cleanlab equal teachers": _TEACHERS,
    "auto teachers": _TEACHERS,
}
VOTE_METHODS = {
    "vote shares x5": vote_shares,
    "Dawid-Skene x5": dawid_skene,
    "majority + cleanlab equal": majority_equal,
    "CROWDLAB x5": crowdlab,
    "CROWDLAB iterated x5": partial(crowdlab, n_passes=2),
    "CROWDLAB equal": partial(crowdlab, n_repeats=8, n_final=15),
    "annotators": partial(
        refinery, table=True, n_rounds=ROUNDS, refinement="annotators", final=N_STUDENTS
    ),
    "gold": partial(fit_labels, labels="truth"),
}
NEEDS = {
    "cleanlab": ("cleanlab", "CROWDLAB", "majority"),
    "crowdkit": ("Dawid-Skene",),
}
# Paired differences to print: one minus the other.
PAIRS = tuple(
    (ours, other)
    for ours, others in {
        "auto": (
            "cleanlab equal auto",
            "cleanlab equal",
            "cleanlab",
            "smoothing x5",
            "plain",
            "paper SLR",
            "posterior cold",
            "posterior hot",
        ),
        "posterior cold": ("cleanlab equal", "cleanlab equal hard", "cleanlab", "smoothing x5"),
        "posterior hot": ("cleanlab equal", "cleanlab equal hard", "cleanlab", "smoothing x5"),
        "auto teachers": ("cleanlab equal teachers", "cleanlab"),
        "paper SLR": ("plain", "cleanlab"),
        "annotators": tuple(method for method in VOTE_METHODS if method != "annotators"),
    }.items()
    for other in others
)
