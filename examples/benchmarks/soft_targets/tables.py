"""Lines of the report: ratios of medians, and mean scores over the seeds."""

import numpy as np

from .problems import CLASSES

GOALS = {
    "LogisticRegression": dict.fromkeys(CLASSES, 1.3),
    "RandomForestClassifier": dict.fromkeys(CLASSES, 1.05),
    "ExtraTreesClassifier": dict.fromkeys(CLASSES, 1.05),
    "HistGradientBoostingClassifier": {3: 1.7, 10: 2.5},
    "XGBClassifier": dict.fromkeys(CLASSES, 1.3),
    "LGBMClassifier": dict.fromkeys(CLASSES, 1.3),
}


def ratio(results, key, name):
    """Return the median time of a fit over that of the hard fit."""
    medians = [
        np.median(np.concatenate([each[key][which] for each in results]))
        for which in (name, "hard")
    ]
    return float(medians[0] / medians[1])


def summarise(estimator, n_classes, results, memory):
    """Return ratios of medians, and mean scores over the seeds."""
    scores = {
        name: np.array([each["scores"][name] for each in results]) for name in results[0]["scores"]
    }
    line = {
        "estimator": type(estimator).__name__,
        "classes": n_classes,
        "route": results[0]["route"],
        "time": ratio(results, "times", "soft"),
        "memory": memory,
        "compared_rows": results[0]["compared_rows"],
        "scores": {name: values.mean(axis=0).tolist() for name, values in scores.items()},
    }
    if "repeated" in scores:
        gaps = scores["soft"][:, 1] - scores["repeated"][:, 1]
        line["time_repeated"] = ratio(results, "compared_times", "repeated")
        line["gap"], line["gap_sd"] = float(gaps.mean()), float(gaps.std())
    return line


def report(line):
    """Print a summary."""
    goal = GOALS.get(line["estimator"], {}).get(line["classes"])
    verdict = "" if goal is None else f"(goal {goal}{'' if line['time'] <= goal else ' MISSED'})"
    losses, accuracies = (
        " ".join(f"{name} {values[i]:.4f}" for name, values in line["scores"].items())
        for i in (0, 1)
    )
    repeated, gap = "not run", ""
    if "gap" in line:
        repeated = f"{line['time_repeated']:.2f}"
        gap = f" | gap {line['gap']:+.4f} sd {line['gap_sd']:.4f}"
    print(
        f"{line['estimator']:31s} C={line['classes']:<3d} {line['route']:22s} "
        f"time {line['time']:5.2f} {verdict:17s} repeated {repeated:7s} "
        f"| memory {line['memory']:5.2f} X | on {line['compared_rows']} rows: log-loss {losses} "
        f"| accuracy {accuracies}{gap}",
        flush=True,
    )
