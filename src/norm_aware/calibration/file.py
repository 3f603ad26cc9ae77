"""A calibration as one file: its arrays as safetensors, everything else as JSON in the file's header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.corpus import PseudoQueries
from norm_aware.calibration.evidence import Evidence
from norm_aware.calibration.hubness import AntiHubness, HubBias
from norm_aware.calibration.relevance import RelevanceProbability
from norm_aware.errors import CalibrationError, NormAwareError
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.transform import Transform
from norm_aware.whole_file import write_whole

SCHEMA_VERSION = 1

_KEY = "norm_aware_calibration"
_CHECKSUM = "checksum"


def write(calibration: Calibration, path: Path) -> Path:
    """Write a calibration, whole or not at all.

    Raises:
        CalibrationError: when the file cannot be written.
    """
    from safetensors.numpy import save

    tensors = _tensors("transform", calibration.transform)
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "encoder": calibration.encoder,
        "fingerprint": calibration.fingerprint,
        "similarity": calibration.similarity.name,
        "evidence": calibration.evidence.to_dict(),
    }
    if (given := calibration.anti_hubness) is not None:
        tensors |= _tensors("anti_hubness", given.transform)
        tensors["pseudo_queries"] = given.pseudo_queries.embeddings
        record["anti_hubness"] = {
            "gamma": given.gamma,
            "side": given.pseudo_queries.side,
            "sources": list(given.pseudo_queries.sources),
        }
    if calibration.hub_bias is not None:
        tensors["bank"] = calibration.hub_bias.queries
        record["hub_bias"] = calibration.hub_bias.weight
    if (probability := calibration.probability) is not None:
        tensors |= {f"probability.{name}": getattr(probability, name) for name in _PROBABILITY}
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    text = json.dumps(record, ensure_ascii=False)
    content = save(tensors, metadata={_KEY: text, _CHECKSUM: _checksum(text, tensors)})
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        write_whole(path, content)
    except (OSError, ValueError) as error:
        raise CalibrationError(
            f"{path} cannot be written ({error}); name a file in a folder that exists."
        ) from error
    return path


def read(path: Path) -> Calibration:
    """Read a calibration that `write` wrote.

    Raises:
        CalibrationError: when the file cannot be read, is no calibration, is of a newer version or was
            changed.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CalibrationError(
            f"There is no calibration {str(path)!r}; `norm-aware calibrate --out {path}` makes one."
        )
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            record = json.loads(metadata[_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if record["schema_version"] > SCHEMA_VERSION:
            raise CalibrationError(
                f"{path} is a calibration of version {record['schema_version']}; this norm-aware reads up to "
                f"{SCHEMA_VERSION}. Upgrade norm-aware."
            )
        if _checksum(metadata[_KEY], tensors) != metadata[_CHECKSUM]:
            raise CalibrationError(f"{path} was changed since it was written; calibrate again.")
        return _assemble(record, tensors)
    except CalibrationError:
        raise
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, NormAwareError) as error:
        raise CalibrationError(
            f"{path} cannot be read as a calibration ({type(error).__name__}: {error}); calibrate again."
        ) from error


_PROBABILITY = ("mean", "covariance", "thresholds", "probabilities")


def _assemble(record: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> Calibration:
    given, bias = record.get("anti_hubness"), record.get("hub_bias")
    return Calibration(
        encoder=record["encoder"],
        fingerprint=record["fingerprint"],
        transform=_transform("transform", tensors),
        similarity=parse_similarity(record["similarity"]),
        anti_hubness=None
        if given is None
        else AntiHubness(
            _transform("anti_hubness", tensors),
            PseudoQueries(tensors["pseudo_queries"], tuple(given["sources"]), given["side"]),
            given["gamma"],
        ),
        hub_bias=None if bias is None else HubBias(tensors["bank"], bias),
        probability=RelevanceProbability(*(tensors[f"probability.{name}"] for name in _PROBABILITY))
        if "probability.mean" in tensors
        else None,
        evidence=Evidence.from_dict(record["evidence"]),
    )


def _checksum(text: str, tensors: Mapping[str, NDArray[Any]]) -> str:
    hasher = hashlib.blake2b(text.encode(), digest_size=16)
    for name in sorted(tensors):
        hasher.update(f"{name} {tensors[name].dtype} {tensors[name].shape}".encode())
        hasher.update(tensors[name].tobytes())
    return hasher.hexdigest()


def _tensors(name: str, transform: Transform) -> dict[str, NDArray[Any]]:
    return {f"{name}.{part}": tensor for part, tensor in transform.tensors().items()}


def _transform(name: str, tensors: dict[str, NDArray[Any]]) -> Transform:
    return Transform(*(tensors[f"{name}.{part}"] for part in Transform.__dataclass_fields__))
