"""Importance weights: how much more likely a source text is in the target, by a classifier of domains.

Bickel et al. (2007) derive the weights; Jiang & Zhai (2007) use them for text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.learning.adaptation.stacking import stacked

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FOLDS = 2  # a text's weight comes from a classifier that has not seen it


def importance_weights(x_source: csr_matrix | NDArray[Any], x_target: csr_matrix | NDArray[Any], *, flattening: float,
                       heaviest: float, seed: int, penalty: float = 1.0) -> NDArray[np.float64]:
    """The weight of each source text, with mean 1, [n_source]: (p(target | text) / p(source | text)) ** flattening.

    `flattening` is 0 (all alike) to 1 (the full ratio; Shimodaira 2000). No weight is above `heaviest` times the mean
    of the ratios. `penalty` is scikit-learn's C of the classifier, for which both domains weigh the same.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    n_source = x_source.shape[0]
    x = stacked(x_source, x_target)
    is_target = np.arange(x.shape[0]) >= n_source
    classifier = LogisticRegression(C=penalty, class_weight="balanced", max_iter=300)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    log_ratio = cross_val_predict(classifier, x, is_target, cv=folds, method="decision_function")[:n_source]
    ratio = np.exp(flattening * (log_ratio - log_ratio.max()))  # no overflow
    ratio = np.minimum(ratio, heaviest * ratio.mean())
    return np.asarray(ratio / ratio.mean())

