"""The table of faults: sums over the runs, by kind."""

import numpy as np

from .disturbance import KINDS


def table(results):
    names = ("runs", "resumed", "refitted needlessly", "labels differ", "orphans")
    lines = [
        f"| fault | {' | '.join(names)} | seconds to resume, median (largest) |",
        "|---" * 7 + "|",
    ]
    for kind in (*KINDS, "all"):
        rows = [each for each in results if kind in ("all", each["kind"])]
        sums = [len(rows), *(sum(each[name] for each in rows) for name in names[1:])]
        times = [
            each["seconds to resume"] for each in rows if each["seconds to resume"] is not None
        ]
        told = f"{np.median(times):.1f} ({max(times):.1f})" if times else "-"
        lines.append(f"| {kind} | {' | '.join(map(str, sums))} | {told} |")
    return "\n".join(lines)
