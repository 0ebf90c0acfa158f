"""How the time of E steps and fits grows with rows, folds and rounds."""

import numpy as np
from sklearn.model_selection import KFold

from sklearn_slr import SLRClassifier, out_of_fold_predict

from .methods import timed
from .workloads import WORKLOADS, table


def scaling(arguments):
    """Print exponents of CPU time in rows, folds less one, and rounds; return the times."""
    net = WORKLOADS["20,000 x 50 MLP"].net(max_epochs=2)

    def e_step(n_samples=4000, n_folds=5):
        X, y = table(0, n_samples)
        rows = np.eye(3)[y]
        return timed(
            lambda: out_of_fold_predict(net, X, rows, cv=KFold(n_folds), random_state=0), ()
        )[1]

    def fit(n_rounds):
        X, y = table(0, 4000)
        slr = SLRClassifier(net, n_rounds=n_rounds, cv=5, random_state=0, refinement="average")
        return timed(lambda: slr.fit(X, y), ())[1]

    sweeps = {
        "rows": ((2000, 4000, 8000, 16_000), lambda n: e_step(n_samples=n), lambda n: n),
        "folds": ((3, 5, 9, 17), lambda k: e_step(n_folds=k), lambda k: k - 1),
        "rounds": ((1, 2, 4, 8), fit, lambda t: 4 * t + 1),  # fits of all rows: 5 x 4/5, and one
    }
    e_step()
    print("\n| in | exponent | CPU seconds |\n|---|---|---|")
    results = {}
    for name, (values, measure, size) in sweeps.items():
        seconds = [
            float(np.median([measure(value) for _ in range(arguments.repeats)])) for value in values
        ]
        exponent = np.polyfit(np.log([size(v) for v in values]), np.log(seconds), 1)[0]
        cells = ", ".join(f"{v}: {s:.2f}" for v, s in zip(values, seconds, strict=True))
        print(f"| {name} | {exponent:.2f} | {cells} |", flush=True)
        results[name] = dict(zip(map(str, values), seconds, strict=True))
    return results
