"""qdrant-client's formula expressions as the embedded engine takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qdrant_client import models

from norm_aware.qdrant.embedded.edge import edge, refuse
from norm_aware.qdrant.embedded.filters import CONDITIONS, to_condition

E = edge.Expression


def to_expression(given: models.Expression) -> edge.Expression:
    """An expression: a number, a variable, a condition or an operation on expressions.

    Raises:
        UnsupportedError: for one the engine does not have.
    """
    if isinstance(given, str):
        return E.Variable(given)
    if isinstance(given, (int, float)):
        return E.Constant(float(given))
    convert = _OPERATIONS.get(type(given))
    if convert is not None:
        return convert(given)
    if type(given) in CONDITIONS:
        return E.Condition(to_condition(given))
    raise refuse(f"the expression {type(given).__name__}")


def _all(given: list[models.Expression]) -> list[edge.Expression]:
    return [to_expression(e) for e in given]


def _decay(kind: edge.DecayKind) -> Callable[[models.DecayParamsExpression], edge.Expression]:
    def convert(params: models.DecayParamsExpression) -> edge.Expression:
        target = None if params.target is None else to_expression(params.target)
        return E.Decay(
            kind, to_expression(params.x), target=target, midpoint=params.midpoint, scale=params.scale
        )

    return convert


def _distance(given: models.GeoDistance) -> edge.Expression:
    origin = given.geo_distance.origin
    return E.GeoDistance(edge.GeoPoint(origin.lon, origin.lat), given.geo_distance.to)


_lin, _gauss, _exp = (_decay(kind) for kind in (edge.DecayKind.Lin, edge.DecayKind.Gauss, edge.DecayKind.Exp))

_OPERATIONS: dict[type, Callable[[Any], edge.Expression]] = {
    models.MultExpression: lambda e: E.Mult(_all(e.mult)),
    models.SumExpression: lambda e: E.Sum(_all(e.sum)),
    models.MaxExpression: lambda e: E.Max(_all(e.max)),
    models.MinExpression: lambda e: E.Min(_all(e.min)),
    models.NegExpression: lambda e: E.Neg(to_expression(e.neg)),
    models.AbsExpression: lambda e: E.Abs(to_expression(e.abs)),
    models.SqrtExpression: lambda e: E.Sqrt(to_expression(e.sqrt)),
    models.PowExpression: lambda e: E.Pow(to_expression(e.pow.base), to_expression(e.pow.exponent)),
    models.ExpExpression: lambda e: E.Exp(to_expression(e.exp)),
    models.LnExpression: lambda e: E.Ln(to_expression(e.ln)),
    models.Log10Expression: lambda e: E.Log10(to_expression(e.log10)),
    models.DivExpression: lambda e: E.Div(
        to_expression(e.div.left), to_expression(e.div.right), e.div.by_zero_default
    ),
    models.DatetimeExpression: lambda e: E.Datetime(e.datetime),
    models.DatetimeKeyExpression: lambda e: E.DatetimeKey(e.datetime_key),
    models.GeoDistance: _distance,
    models.LinDecayExpression: lambda e: _lin(e.lin_decay),
    models.GaussDecayExpression: lambda e: _gauss(e.gauss_decay),
    models.ExpDecayExpression: lambda e: _exp(e.exp_decay),
}
