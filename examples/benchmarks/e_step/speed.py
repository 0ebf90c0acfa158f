"""Speed of an E step: ratios of times, multiply-adds a second, and memory."""

import math
import time

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from .memory import peak_of_child
from .methods import CV, METHODS, problem, timed
from .workloads import WORKLOADS


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
    memory = ", ".join(peak_of_child(name, each) for each in ("by hand", "one process"))
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
