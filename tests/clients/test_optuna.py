"""optuna: studies over the parameters of SLR, its refinement and its student."""

import numpy as np
import pytest

pytest.importorskip("optuna")
import optuna
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_score

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.metrics import quadratic_weighted_kappa_scorer
from sklearn_slr.refinement import AverageRefinement, PosteriorRefinement

X, Y = load_iris(return_X_y=True)
GIVEN = make_noisy_labels(Y, noise=0.3, random_state=0)


def run_study(objective, n_trials, **options):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=0)
    study = optuna.create_study(direction="maximize", sampler=sampler, **options)
    study.optimize(objective, n_trials=n_trials)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * n_trials
    assert all(np.isfinite(trial.value) for trial in study.trials)
    return study


def test_a_study_over_refinement_and_estimator():
    def objective(trial):
        if trial.suggest_categorical("refinement", ["average", "posterior"]) == "average":
            refinement = AverageRefinement(trial.suggest_int("n", 1, 3))
        else:
            refinement = PosteriorRefinement(trial.suggest_float("temperature", 0.3, 3, log=True))
        student = LogisticRegression(C=trial.suggest_float("C", 1e-4, 10, log=True), max_iter=1000)
        slr = SLRClassifier(student, refinement=refinement, n_rounds=1, cv=3, random_state=0)
        return cross_val_score(slr, X, GIVEN, cv=3, error_score="raise").mean()

    study = run_study(objective, 12)
    assert study.best_value > 0.6 > min(trial.value for trial in study.trials)
    assert study.best_params["C"] > 1e-3
    assert objective(optuna.trial.FixedTrial(study.best_params)) == study.best_value


def test_parameters_set_by_their_nested_names():
    def objective(trial):
        slr = SLRRegressor(Ridge(), thresholds="kappa", cv=3, random_state=0)
        slr.set_params(
            estimator__alpha=trial.suggest_float("estimator__alpha", 1e-2, 1e5, log=True),
            n_rounds=trial.suggest_int("n_rounds", 0, 2),
            final=trial.suggest_categorical("final", ["refit", "folds"]),
        )
        scorer = quadratic_weighted_kappa_scorer
        return cross_val_score(slr, X_grades, grades, cv=3, scoring=scorer).mean()

    X_grades, progression = load_diabetes(return_X_y=True)
    grades = np.digitize(progression, [100, 200])
    study = run_study(objective, 8)
    assert study.best_params["estimator__alpha"] < 10
    assert study.best_value > 0.45


def test_a_study_with_pruning_in_a_database_and_a_checkpoint(tmp_path):
    def objective(trial):
        depth = trial.suggest_int("depth", 1, 6)
        student = ExtraTreesClassifier(10, max_depth=depth)
        scores = []
        for n_rounds in range(3):  # each goes on from the one before
            slr = SLRClassifier(
                student,
                cv=3,
                random_state=0,
                checkpoint=tmp_path / "checkpoint",
                refinement="average",
            )
            slr.set_params(n_rounds=n_rounds, refinement="posterior").fit(X, GIVEN)
            scores.append(float((slr.refined_labels_.argmax(axis=1) == Y).mean()))
            trial.report(scores[-1], n_rounds)
        trial.set_user_attr("fits", int(slr.n_fits_))
        return scores[-1]

    storage = f"sqlite:///{tmp_path}/study.db"
    run_study(objective, 3, storage=storage, study_name="slr")
    loaded = optuna.load_study(study_name="slr", storage=storage)
    assert loaded.best_value > 0.85 > (GIVEN == Y).mean()
    assert loaded.best_trial.user_attrs["fits"] == 7
