"""What a fit will do, counted before it begins."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """The fits of a refinement.

    Parameters
    ----------
    n_rounds, n_repeats, n_folds, n_teachers : int
        What the rounds are made of.
    n_trials : int
        Fits to choose the refinement.
    n_scores : int
        Fits for the scores that cut grades.
    n_final : int
        Students.
    """

    n_rounds: int
    n_repeats: int
    n_folds: int
    n_teachers: int
    n_trials: int
    n_scores: int
    n_final: int

    @property
    def n_parts(self):
        """Number of tasks, one after the other: the choice, rounds, scores, students."""
        return (self.n_trials > 0) + self.n_rounds + (self.n_scores > 0) + 1

    def __str__(self):
        fits = self.n_rounds * self.n_repeats * self.n_folds * self.n_teachers
        total = self.n_trials + fits + self.n_scores + self.n_final
        return (
            (f"{self.n_trials} fits to choose the refinement, " if self.n_trials else "")
            + f"{self.n_rounds} rounds x {self.n_repeats} repeats x {self.n_folds} folds x "
            f"{self.n_teachers} teachers = {fits} fits"
            + (f", {self.n_scores} for the thresholds" if self.n_scores else "")
            + f", {self.n_final} final: {total} in all."
        )
