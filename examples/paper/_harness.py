"""What the experiments share: options, rows, runs that go on where they were stopped, tables."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import joblib
import numpy as np
import torch


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Parameters
    ----------
    name : str
        As it is printed.
    config : dict
        What the experiment's `measure` makes of it; None for a row that is quoted, not run.
    paper : dict
        Published figures, text by metric.
    group : str
        What ``--rows`` may call it by, besides its key and "all".
    """

    name: str
    config: dict | None
    paper: dict = field(default_factory=dict)
    group: str = "table"


@dataclass(frozen=True)
class Experiment:
    """A table of the paper.

    Parameters
    ----------
    name : str
        Of the result files.
    rows : dict of str to Row
        By the key that ``--rows`` takes.
    load : callable
        ``load(args) -> data``.
    identity : callable
        ``identity(data, args)``: what tells these data from others, to be hashed. Results of
        other data are other results.
    note : callable
        ``note(data, args) -> str``: what must be said beside every figure.
    measure : callable
        ``measure(config, data, args, seed, case) -> dict`` with "figures", numbers by metric, and
        whatever else is to be kept: what a run is asked for is all in its arguments.
    metrics : tuple of str
        Columns; the first is the one that is compared with the baseline.
    settings : tuple of str
        Options, besides those of all experiments, that change a result.
    options : callable
        ``options(parser)`` adds these.
    cases : callable
        ``cases(args) -> list of dict``: problems that all rows are measured on.
    baseline : str
        Key of the row that the others are compared with.
    tables : callable
        ``tables(experiment, cells, args) -> str``.
    draw : callable
        ``draw(cells, data, args, folder)`` makes the figures; None: there are none.
    defaults : dict
        Of the common options.
    """

    name: str
    rows: dict
    load: Callable
    measure: Callable
    metrics: tuple
    baseline: str
    settings: tuple = ()
    identity: Callable = lambda data, args: data
    note: Callable = lambda data, args: ""
    options: Callable = lambda parser: None
    cases: Callable = lambda args: [{}]
    tables: Callable | None = None
    draw: Callable | None = None
    defaults: dict = field(default_factory=dict)


def main(experiment, argv=None):
    """Run the cells that are missing, then print the table and draw the figures."""
    args = parse(experiment, argv)
    torch.set_num_threads(args.threads)
    cells, data, wanted = Cells(args.out), None, settings_of(experiment, args)
    if not args.table:
        data = experiment.load(args)
        wanted["data"] = joblib.hash(experiment.identity(data, args))[:12]
        run(experiment, cells, data, args, wanted)
    found = cells.of(wanted)
    text = (experiment.tables or table)(experiment, found, args)
    notes = sorted({cell["note"] for cell in found} - {""})
    text = "\n\n".join([text.rstrip("\n"), *notes]) + "\n"
    args.out.with_suffix(".md").write_text(text)
    print(text)
    if experiment.draw and args.figures:
        data = experiment.load(args) if data is None else data
        experiment.draw(found, data, args, Path(args.figures))


def parse(experiment, argv=None):
    """Return the options of a run."""
    doc = sys.modules[experiment.load.__module__].__doc__ or experiment.name
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    default = {"epochs": 20, "fraction": 1.0, "seeds": 5, "rows": "table", **experiment.defaults}
    add = parser.add_argument
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--epochs", type=int, default=default["epochs"], help="of every fit")
    add("--fraction", type=float, default=default["fraction"], help="of the data, drawn by grade")
    add("--seeds", type=int, default=default["seeds"], help="how many")
    add("--first-seed", type=int, default=1000)
    add("--rows", default=default["rows"], help="all, or keys and groups with commas between")
    add("--data", help="folder of the data; else the environment variable SLR_DATA")
    add("--out", type=Path, default=Path("results") / f"paper_{experiment.name}.jsonl")
    add("--threads", type=int, default=1, help="of torch on the CPU")
    add("--table", action="store_true", help="run nothing, print what --out has")
    add("--figures", help="folder for the pictures; none without it")
    experiment.options(parser)
    args = parser.parse_args(argv)
    args.rows = chosen(experiment.rows, args.rows)
    if not 0 < args.fraction <= 1:
        parser.error(f"--fraction is {args.fraction}; a share above 0 and at most 1 is wanted.")
    if args.out.suffix == ".md":
        parser.error(f"--out is {args.out}, which the table is written to: take .jsonl.")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    return args


def chosen(rows, text):
    """Return the keys of the rows that ``--rows`` asks for, in the order of the table."""
    wanted = {part.strip() for part in text.split(",")}
    known = {"all", *rows, *(row.group for row in rows.values())}
    if wanted - known:
        raise SystemExit(
            f"--rows names {', '.join(sorted(wanted - known))}; known are {', '.join(known)}."
        )
    return [key for key, row in rows.items() if wanted & {"all", key, row.group}]


def settings_of(experiment, args):
    """Return what a result depends on, besides its row, its case, its seed and the data."""
    options = {name: getattr(args, name) for name in ("epochs", "fraction", *experiment.settings)}
    # A GPU computes in bfloat16, where a net has images to normalise.
    return {**options, "device": torch.device(args.device).type}


def run(experiment, cells, data, args, settings):
    """Measure every missing cell; a seed is finished in all rows before the next begins."""
    note = experiment.note(data, args)
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        for case in experiment.cases(args):
            for key in args.rows:
                config = experiment.rows[key].config
                if config is None or cells.has(key, seed, case, settings):
                    continue
                cpu, wall = time.process_time(), time.perf_counter()
                found = experiment.measure(config, data, args, seed, case)
                seconds = {
                    "cpu_seconds": round(time.process_time() - cpu, 2),
                    "seconds": round(time.perf_counter() - wall, 2),
                }
                cells.add(key, seed, case, settings, {**found, **seconds, "note": note})
                figures = ", ".join(f"{k} {v:.4f}" for k, v in found["figures"].items())
                print(f"{seed} {case or ''} {key}: {figures}; {seconds}", flush=True)


class Cells:
    """Results, one JSON line each: what was interrupted is simply not there."""

    def __init__(self, path):
        self.path, self.found = Path(path), []
        text = self.path.read_text() if self.path.exists() else ""
        # What follows the last whole line was written by a run that was killed, or is being so.
        self.n_whole = len(text[: text.rfind("\n") + 1].encode())
        for number, line in enumerate(text.split("\n")[:-1], start=1):
            try:
                self.found.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise SystemExit(f"{path}, line {number}, is no result ({error}).") from None

    def has(self, row, seed, case, settings):
        """Whether a cell is there."""
        wanted = {"row": row, "seed": seed, "case": case, "settings": settings}
        return any(wanted.items() <= cell.items() for cell in self.found)

    def add(self, row, seed, case, settings, found):
        """Keep a cell."""
        cell = {"row": row, "seed": seed, "case": case, "settings": settings, **found}
        line = (json.dumps(cell) + "\n").encode()
        with self.path.open("r+b" if self.path.exists() else "wb") as file:
            file.truncate(self.n_whole)
            file.seek(self.n_whole)
            file.write(line)
        self.n_whole += len(line)
        self.found.append(cell)

    def of(self, settings):
        """Return the cells with these settings; of several data sets, the one measured last."""
        found = [cell for cell in self.found if settings.items() <= cell["settings"].items()]
        return [cell for cell in found if cell["settings"] == found[-1]["settings"]]


# Tables


def values_of(cells, row, metric, case=None):
    """Return a metric of a row by seed."""
    return {
        cell["seed"]: cell["figures"][metric]
        for cell in cells
        if cell["row"] == row and (case is None or cell["case"] == case)
    }


def mean_std(values, digits=4):
    """Return ``mean ± standard deviation`` as text; one value alone has no deviation."""
    values = list(values)
    if not values:
        return ""
    text = f"{np.mean(values):.{digits}f}"
    return text if len(values) < 2 else f"{text} ± {np.std(values, ddof=1):.{digits}f}"


def paired(here, start, digits=4):
    """Return the mean difference of common seeds, its standard error, and how many rose."""
    differences = np.array([here[seed] - start[seed] for seed in here if seed in start])
    if here is start or here == start or len(differences) < 2:
        return ""
    error = differences.std(ddof=1) / len(differences) ** 0.5
    rose = f"{np.sum(differences > 0)}/{len(differences)}"
    return f"{differences.mean():+.{digits}f} ± {error:.{digits}f}, {rose}"


def markdown(head, lines):
    """Return a Markdown table."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(str(part) for part in row) + " |" for row in rows) + "\n"


def table(experiment, cells, args):
    """Return the table of an experiment beside the paper's."""
    first, texts = experiment.metrics[0], []
    rows = [experiment.rows[key] for key in args.rows]
    published = [m for m in experiment.metrics if any(m in row.paper for row in rows)]
    for case in experiment.cases(args):
        start = values_of(cells, experiment.baseline, first, case)
        lines = []
        for key in args.rows:
            row, found = experiment.rows[key], values_of(cells, key, first, case)
            if not found and row.config is not None:
                continue
            ours = [mean_std(values_of(cells, key, m, case).values()) for m in experiment.metrics]
            lines.append(
                [
                    row.name,
                    *(row.paper.get(metric, "") for metric in published),
                    *ours,
                    paired(found, start),
                    len(found) or "",
                ]
            )
        head = [
            "method",
            *(f"{metric}, paper" for metric in published),
            *experiment.metrics,
            f"{first}: difference to {experiment.baseline} ± standard error, rose",
            "seeds",
        ]
        title = ", ".join(f"{name} {value}" for name, value in case.items())
        texts.append((f"{title}\n\n" if title else "") + markdown(head, lines))
    settings = ", ".join(f"{k} {v}" for k, v in settings_of(experiment, args).items())
    return f"{experiment.name}: mean ± standard deviation over seeds; {settings}.\n\n" + "\n".join(
        texts
    )
