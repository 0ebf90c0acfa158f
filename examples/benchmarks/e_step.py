"""How fast is one E step with a neural net, against scikit-learn's loop over skorch's?

    cross_val_predict(net, X, y, cv=KFold(5), method="predict_proba")
    out_of_fold_predict(net, X, rows, cv=KFold(5))          # ours, in one process and in two

The same net, rows and folds (one workload asks for bfloat16 in ours alone); torch has one thread
in every process. Methods take turns within a run, and a ratio is the median of the ratios of the
runs, of time on the wall (and, in one process, of CPU time, which other work on the machine
disturbs less). Two processes are warm: they have imported what they need.

    python examples/benchmarks/e_step.py                    # every part
    python examples/benchmarks/e_step.py --part speed --repeats 7 --workloads "digits MLP"
    python examples/benchmarks/e_step.py --part accuracy --seeds 20
    python examples/benchmarks/e_step.py --device cuda      # both on the same GPU, one process

speed     ratios; multiply-adds of forward and backward per second, and their share of what a
          product of two 2048 x 2048 matrices reaches; peak memory beside data and imports
accuracy  of the predictions, paired over seeds >= 1000, with a 95 % interval of the difference
fit       SLRClassifier.fit over the E steps and the final fit that it consists of
scaling   exponents of the time in rows, folds less one, and rounds
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

# Before torch: threads that spin while they wait slow down whoever else wants the core.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from _e_step_nets import WORKLOADS
from scipy import stats
from sklearn.model_selection import KFold, cross_val_predict
from torch.utils.flop_counter import FlopCounterMode

from sklearn_slr import SLRClassifier, out_of_fold_predict
from sklearn_slr.soft_targets import SoftTargetClassifier

PARTS = ("speed", "accuracy", "fit", "scaling")
CV = KFold(5)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--part", choices=PARTS, action="append", help="may be repeated")
    parser.add_argument("--workloads", nargs="+", default=list(WORKLOADS), choices=WORKLOADS)
    parser.add_argument("--repeats", type=int, default=5, help="of every measured time")
    parser.add_argument("--seeds", type=int, default=10, help="of the accuracies")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="file for every measured value")
    parser.add_argument("--peak", choices=METHODS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.peak:
        print(peak_memory(arguments.workloads[0], arguments.peak))
        return
    measure = {"speed": speed, "accuracy": accuracy, "fit": whole_fit, "scaling": scaling}
    results = {part: measure[part](arguments) for part in arguments.part or PARTS}
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


# Methods


def by_hand(net, own_net, X, y, rows):
    """Return out-of-fold probabilities as scikit-learn's and skorch's users get them."""
    torch.manual_seed(0)
    return cross_val_predict(net, X, y, cv=CV, method="predict_proba")


def ours(net, own_net, X, y, rows, n_jobs=None):
    """Return the same from an E step."""
    return out_of_fold_predict(own_net, X, rows, cv=CV, n_jobs=n_jobs, random_state=0)


def ours_twice(*given):
    """Return the same from two processes."""
    return ours(*given, n_jobs=2)


METHODS = {"by hand": by_hand, "one process": ours, "two processes": ours_twice}


def problem(name, seed, device="cpu", **params):
    """Return what a method takes: a user's net and ours, X, y and probability rows."""
    workload = WORKLOADS[name]
    X, y = workload.load(seed)
    nets = (workload.net(device=device, **each, **params) for each in ({}, workload.on_request()))
    return *nets, X, y, np.eye(y.max() + 1)[y]


def timed(method, given):
    """Return seconds on the wall and of this process's CPU, and the result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = method(*given)
    return time.perf_counter() - wall, time.process_time() - cpu, result


# Speed


def speed(arguments):
    """Print the table of ratios; return all times in seconds."""
    methods = dict(METHODS)
    if arguments.device != "cpu":
        del methods["two processes"]
    peak = matmul_peak(arguments.device)
    print(f"matrix product 2048^3: {peak:.0f} GFLOP/s on {arguments.device}, one thread\n")
    print(
        "| workload | by hand, s | one process | its CPU time | two processes | goals |"
        " GFLOP/s (of the peak), by hand and ours | MB, by hand and ours |"
    )
    print("|---|---|---|---|---|---|---|---|")
    results = {}
    for name in arguments.workloads:
        for method in methods.values():  # whatever is imported or compiled once
            method(*problem(name, 0, arguments.device, max_epochs=1))
        runs = {method: [] for method in methods}
        given = problem(name, 0, arguments.device)
        for repeat in range(arguments.repeats):
            turn = list(methods)[:: 1 if repeat % 2 else -1]
            for method in turn:
                runs[method].append(timed(methods[method], given)[:2])
        times = {method: np.array(values) for method, values in runs.items()}
        results[name] = {method: values.tolist() for method, values in times.items()}
        print(_speed_row(name, times, peak, arguments.device), flush=True)
    return results


def _speed_row(name, times, peak, device):
    hand, own = times["by hand"], times["one process"]
    goals = WORKLOADS[name].goals
    two, work = "", floating_point_operations(name) / 1e9
    if "two processes" in times:
        two = _ratio(hand[:, 0], times["two processes"][:, 0])
    rates = [work / np.median(each[:, 0]) for each in (hand, own)]
    share = ", ".join(f"{rate:.0f} ({rate / peak:.0%})" for rate in rates) if work else "-"
    memory = ", ".join(_peak_of_child(name, each) for each in ("by hand", "one process"))
    cells = [
        name,
        f"{np.median(hand[:, 0]):.2f}",
        _ratio(hand[:, 0], own[:, 0]),
        _ratio(hand[:, 1], own[:, 1]),
        two,
        f"{goals[0]}, {goals[1]}",
        share,
        memory if device == "cpu" else "",
    ]
    return "| " + " | ".join(cells) + " |"


def _ratio(baseline, own):
    ratios = baseline / own
    return f"{np.median(ratios):.1f} ({ratios.min():.1f}-{ratios.max():.1f})"


def matmul_peak(device, size=2048):
    """Return GFLOP/s of a product of square matrices, the best of ten."""
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    best = math.inf
    for _ in range(10):
        start = time.perf_counter()
        float((a @ b)[0, 0])
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e9


def floating_point_operations(name):
    """Return those of matrix products and convolutions in the training of five folds."""
    workload = WORKLOADS[name]
    X, _ = workload.load(0)
    module, batch = workload.module(), torch.from_numpy(X[: workload.batch_size])
    with FlopCounterMode(display=False) as counter:
        module(batch).square().sum().backward()
    rows = workload.max_epochs * len(X) * (CV.get_n_splits() - 1)
    known = not any(isinstance(part, torch.nn.RNNBase) for part in module.modules())
    return known * counter.get_total_flops() * rows / workload.batch_size


def peak_memory(name, method):
    """Return megabytes at the peak of one E step, beyond what data and imports take (Linux)."""
    METHODS[method](*problem("digits MLP", 0, max_epochs=1))
    given = problem(name, 0, max_epochs=1)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = _resident("VmRSS")
    METHODS[method](*given)
    return (_resident("VmHWM") - before) / 1e3


def _resident(field):
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0])  # kB


def _peak_of_child(name, method):
    if sys.platform != "linux":
        return "-"
    command = [sys.executable, __file__, "--workloads", name, "--peak", method]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return f"{float(found):.0f}"


# Accuracy


def accuracy(arguments):
    """Print paired accuracies of the predictions; return them."""
    print("\n| workload | by hand | ours | points | 95 % interval |\n|---|---|---|---|---|")
    results = {}
    for name in arguments.workloads:
        values = []
        for seed in range(1000, 1000 + arguments.seeds):
            net, own_net, X, y, rows = problem(name, seed, arguments.device)
            torch.manual_seed(seed)
            hand = cross_val_predict(net, X, y, cv=CV, method="predict_proba")
            own = out_of_fold_predict(own_net, X, rows, cv=CV, random_state=seed)
            values.append([float(np.mean(P.argmax(axis=1) == y)) for P in (hand, own)])
        values = 100 * np.array(values)
        differences = values[:, 1] - values[:, 0]
        error = differences.std(ddof=1) / math.sqrt(len(differences))
        half = stats.t.ppf(0.975, len(differences) - 1) * error
        mean = differences.mean()
        print(
            f"| {name} | {values[:, 0].mean():.2f} | {values[:, 1].mean():.2f} | {mean:+.2f} "
            f"| {mean - half:+.2f} to {mean + half:+.2f} |",
            flush=True,
        )
        results[name] = values.tolist()
    return results


# The whole fit


def whole_fit(arguments, n_rounds=3):
    """Print what a fit takes beside its E steps and final fit; return the ratios."""
    print("\n| workload | fit over its parts |\n|---|---|")
    results = {}
    for name in arguments.workloads:
        _, net, X, y, rows = problem(name, 0, arguments.device)

        def fit(net=net, X=X, y=y):
            return SLRClassifier(net, n_rounds=n_rounds, cv=CV, random_state=0).fit(X, y)

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


# Scaling


def scaling(arguments):
    """Print exponents of CPU time in rows, folds less one, and rounds; return the times."""
    from _e_step_nets import table

    net = WORKLOADS["20,000 x 50 MLP"].net(max_epochs=2)

    def e_step(n_samples=4000, n_folds=5):
        X, y = table(0, n_samples)
        rows = np.eye(3)[y]
        return timed(
            lambda: out_of_fold_predict(net, X, rows, cv=KFold(n_folds), random_state=0), ()
        )[1]

    def fit(n_rounds):
        X, y = table(0, 4000)
        slr = SLRClassifier(net, n_rounds=n_rounds, cv=5, random_state=0)
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


if __name__ == "__main__":
    main()
