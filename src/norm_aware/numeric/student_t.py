"""Student's t distribution, central and noncentral, in nothing but numpy.

T is a normal variable of mean `shift` and variance 1 over S, the root of a chi-square over its degrees of
freedom; so `P(T <= x)` is the mean of `Phi(x * S - shift)`, one smooth integral.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from norm_aware.numeric.bisection import rising_root

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)
_NORMAL_FROM = 1e7  # more degrees of freedom than this are a normal distribution to 7 digits


@lru_cache(maxsize=4096)
def t_cdf(x: float, freedom: float, *, shift: float = 0.0) -> float:
    """Chance of a value of at most `x`.

    Args:
        x: any finite number.
        freedom: degrees of freedom, at least 1.
        shift: noncentrality; 0 is Student's t itself.

    Returns:
        From 0 to 1, to an absolute error under 1e-9.

    Raises:
        ValueError: when there is less than one degree of freedom.

    Example:
        >>> round(t_cdf(2.0, 10), 6)
        0.963306
    """
    if freedom < 1:
        raise ValueError(f"{freedom} degrees of freedom given; at least 1 is needed.")
    spread, density = _spread(min(float(freedom), _NORMAL_FROM))
    values = [math.erf(value) for value in ((x * spread - shift) / math.sqrt(2)).tolist()]
    return min(1.0, max(0.0, 0.5 + 0.5 * float(density @ np.array(values))))


@lru_cache(maxsize=4096)
def t_quantile(probability: float, freedom: float) -> float:
    """The value that a t variable stays under with the given probability.

    Args:
        probability: above 0 and below 1.
        freedom: degrees of freedom, at least 1.

    Raises:
        ValueError: when the probability is not between 0 and 1, or there is less than one degree of freedom.

    Example:
        >>> round(t_quantile(0.975, 29), 4)
        2.0452
    """
    if not 0 < probability < 1:
        raise ValueError(f"A quantile of probability {probability} was asked for; give one between 0 and 1.")
    if probability < 0.5:
        return -t_quantile(1 - probability, freedom)
    low, high = 0.0, 2.0
    while t_cdf(high, freedom) < probability:
        low, high = high, 2 * high
    return rising_root(lambda x: t_cdf(x, freedom) - probability, low, high)


@lru_cache(maxsize=512)
def _spread(freedom: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes of S, and their weights, which add up to 1."""
    width = 9 / math.sqrt(2 * freedom)
    low, high = max(0.0, 1 - width), 1 + width
    nodes = low + (high - low) * (_NODES + 1) / 2
    log_density = (freedom - 1) * np.log(nodes) - freedom * nodes**2 / 2
    weights = _WEIGHTS * np.exp(log_density - log_density.max())
    return nodes, weights / weights.sum()
