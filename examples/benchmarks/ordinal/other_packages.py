"""What the ordinal benchmark compares with: models of other packages, as functions of arrays.

A function takes ``(X, codes, n_grades, X_test, seed)`` with standardised X and codes
0..n_grades-1, and returns the codes that its model predicts for X_test. A package that is missing
is an ImportError.
"""

import warnings
from functools import partial

import numpy as np
import torch
from scipy.optimize import minimize
from skorch import NeuralNet
from torch import nn

from .students import WIDTH, Body, net_settings


def nelder_mead_cuts(scores, y, grades):
    """Return the cuts of the usual "optimized rounder": a search from the halfway points."""
    codes, n_grades = np.searchsorted(grades, y), len(grades)
    loss = (grades[:, None] - grades) ** 2
    shares = np.bincount(codes, minlength=n_grades) / len(codes)

    def negative_kappa(cuts):
        predicted = np.searchsorted(np.sort(cuts), scores, side="right")
        table = np.bincount(codes * n_grades + predicted, minlength=n_grades**2)
        table = table.reshape(n_grades, n_grades) / len(codes)
        return np.sum(table * loss) / max(shares @ loss @ table.sum(axis=0), 1e-12) - 1

    start = (grades[:-1] + grades[1:]) / 2
    return np.sort(minimize(negative_kappa, start, method="Nelder-Mead").x)


def mord_logistic_at(X, codes, n_grades, X_test, seed):
    """Fit mord's all-threshold ordinal logistic regression."""
    import mord

    return mord.LogisticAT().fit(X, codes).predict(X_test)


def mord_ordinal_ridge(X, codes, n_grades, X_test, seed):
    """Fit mord's ridge regression, rounded."""
    import mord

    return mord.OrdinalRidge().fit(X, codes).predict(X_test).astype(int)


def statsmodels_ordered(X, codes, n_grades, X_test, seed):
    """Fit statsmodels' ordered logit by maximum likelihood; columns that repeat others go."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    # The likelihood has no maximum where columns are collinear.
    _, _, order = _pivoted_qr(X - X.mean(axis=0))
    model = OrderedModel(codes, X[:, order], distr="logit")
    with warnings.catch_warnings():
        # The package turns its warnings of convergence on when it is imported.
        warnings.simplefilter("ignore")
        fitted = model.fit(method="bfgs", maxiter=50, disp=0)
    return np.asarray(fitted.predict(X_test[:, order])).argmax(axis=1)


def _pivoted_qr(X):
    from scipy.linalg import qr

    q, r, pivots = qr(X, mode="economic", pivoting=True)
    size = np.abs(np.diag(r))
    return q, r, pivots[size > 1e-8 * size.max()]


def spacecutter_net(X, codes, n_grades, X_test, seed):
    """Fit the net with spacecutter's cumulative link."""
    from spacecutter.callbacks import AscensionCallback
    from spacecutter.losses import CumulativeLinkLoss
    from spacecutter.models import OrdinalLogisticModel

    torch.manual_seed(seed)
    net = NeuralNet(
        OrdinalLogisticModel,
        CumulativeLinkLoss,
        module__predictor=Body(X.shape[1]),
        module__num_classes=n_grades,
        callbacks=[("ascension", AscensionCallback())],
        **net_settings(),
    )
    net.fit(X.astype(np.float32), codes.astype(np.int64)[:, None])
    return net.predict(X_test.astype(np.float32)).argmax(axis=1)


def coral_net(X, codes, n_grades, X_test, seed):
    """Fit the net with coral_pytorch's CORAL layer and loss."""
    from coral_pytorch.dataset import levels_from_labelbatch, proba_to_label
    from coral_pytorch.layers import CoralLayer
    from coral_pytorch.losses import coral_loss

    class Module(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(X.shape[1], WIDTH)
            self.last = CoralLayer(WIDTH, n_grades)

        def forward(self, X):
            return self.last(torch.relu(self.hidden(X)))

    class Loss(nn.Module):
        def forward(self, logits, y):
            return coral_loss(logits, levels_from_labelbatch(y, n_grades))

    logits = _fit_net(Module, Loss, X, codes, X_test, seed)
    return proba_to_label(torch.sigmoid(torch.from_numpy(logits))).numpy()


def dlordinal_triangular_net(X, codes, n_grades, X_test, seed):
    """Fit the net with dlordinal's triangular soft labels."""
    from dlordinal.losses import TriangularCrossEntropyLoss

    return _dlordinal(TriangularCrossEntropyLoss, X, codes, n_grades, X_test, seed)


def dlordinal_kappa_net(X, codes, n_grades, X_test, seed):
    """Fit the net with dlordinal's weighted-kappa loss."""
    from dlordinal.losses import WKLoss

    return _dlordinal(partial(WKLoss, use_logits=True), X, codes, n_grades, X_test, seed)


def _dlordinal(loss, X, codes, n_grades, X_test, seed):
    def make_module():
        return Body(X.shape[1], n_grades)

    logits = _fit_net(make_module, lambda: loss(num_classes=n_grades), X, codes, X_test, seed)
    return logits.argmax(axis=1)


def _fit_net(module, criterion, X, codes, X_test, seed):
    torch.manual_seed(seed)
    # skorch tells classes from ready instances, so that both go in as instances.
    net = NeuralNet(module(), criterion(), **net_settings())
    net.fit(X.astype(np.float32), codes.astype(np.int64))
    return net.predict(X_test.astype(np.float32))


LINEAR_MODELS = {
    "mord LogisticAT": mord_logistic_at,
    "mord OrdinalRidge": mord_ordinal_ridge,
    "statsmodels OrderedModel": statsmodels_ordered,
}
NET_MODELS = {
    "spacecutter": spacecutter_net,
    "coral": coral_net,
    "dlordinal triangular": dlordinal_triangular_net,
    "dlordinal kappa loss": dlordinal_kappa_net,
}
