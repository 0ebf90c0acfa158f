"""Time of a whole fit, beside that of the E steps and the final fit it consists of."""

import numpy as np

from sklearn_slr import SLRClassifier, out_of_fold_predict
from sklearn_slr.soft_targets import SoftTargetClassifier

from .methods import CV, problem, timed


def whole_fit(arguments, n_rounds=3):
    """Print what a fit takes beside its E steps and final fit; return the ratios."""
    print("\n| workload | fit over its parts |\n|---|---|")
    results = {}
    for name in arguments.workloads:
        _, net, X, y, rows = problem(name, 0, arguments.device)

        def fit(net=net, X=X, y=y):
            return SLRClassifier(
                net, n_rounds=n_rounds, cv=CV, random_state=0, refinement="average"
            ).fit(X, y)

        def parts(net=net, X=X, rows=rows):
            for _ in range(n_rounds):
                out_of_fold_predict(net, X, rows, cv=CV, random_state=0)
            SoftTargetClassifier(net).fit(X, rows)

        ratios = []
        rows = 0.9 * rows + 0.1 / rows.shape[1]  # as soft as those of a fit
        for repeat in range(arguments.repeats):
            turn = (fit, parts) if repeat % 2 else (parts, fit)
            seconds = {method: timed(method, ())[1] for method in turn}
            ratios.append(seconds[fit] / seconds[parts])
        results[name] = ratios
        print(f"| {name} | {np.median(ratios):.3f} |", flush=True)
    return results
