"""The cells of the tables; a file keeps each method as it ends."""

import json

import numpy as np

from sklearn_slr.metrics import quadratic_weighted_kappa

from .methods import make_regressor, methods_of
from .problems import load, split


def run(folder, path, seeds, families, data, rounds):
    """Fill the file with what it lacks."""
    results = json.loads(path.read_text()) if path.exists() else {}
    loaded = {name: load(folder, name) for name in data}
    missing = set()
    for seed in seeds:
        for name in data:
            for noise in ("clean", "noisy"):
                X, y, X_test, y_test = split(*loaded[name], seed, noise == "noisy")
                grades = np.unique(loaded[name][1])
                for family in families:
                    regressor = make_regressor(family, X, y)
                    for group, method in methods_of(
                        family, regressor, X, y, X_test, seed, rounds
                    ).items():
                        key = f"{family}|{name}|{noise}|{seed}|{group}"
                        if key in results or group in missing:
                            continue
                        try:
                            results[key] = _measure(method, y_test, grades)
                        except ImportError as error:
                            missing.add(group)
                            print(f"{group} is left out: {error}")
                            continue
                        _save(path, results)
        print(f"seed {seed} is done", flush=True)
    return results


def _measure(method, y_test, grades):
    """Return {method: figures}; a method that fails is kept as an error, and counted."""
    measured = {}
    try:
        for name, predicted, fit_time, cut_time in method():
            measured[name] = {
                "qwk": quadratic_weighted_kappa(y_test, predicted, labels=grades),
                "mae": float(np.abs(predicted - y_test).mean()),
                "accuracy": float((predicted == y_test).mean()),
                "fit_time": fit_time,
                "cut_time": cut_time,
            }
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        measured["error"] = repr(error)
    return measured


def _save(path, results):
    part = path.with_suffix(".part")
    part.write_text(json.dumps(results))
    part.replace(path)
