"""The corpus that every Python installation carries: the language reference and the library's docstrings.

It is read from the running interpreter, so there is nothing to download and nothing to redistribute:

- the language reference (`pydoc_data.topics`), cut into passages by section;
- the docstrings of the standard library's public modules, classes, functions, methods and properties, the
  trivial ones included: they are the junk that real corpora have.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from norm_aware.errors import DatasetError

_READER = "pydocs_corpus.py"
_TIMEOUT_SECONDS = 120


def read_documents() -> list[tuple[str, str, str]]:
    """The corpus of this interpreter, sorted by id; the same at each call.

    Returns:
        `(id, title, text)` of each document. A docstring's id and title are its qualified name
        (`json.dumps`, `str.split`) and its text is at most 300 words, the signature included. A passage's
        id is made of its topic, its section and, after the section's first, its opening words
        (`comparisons/Value-comparisons/The-default-behavior-for-equality`), so that text added elsewhere
        does not rename it; its title is `comparisons: Value comparisons`.

    A child interpreter reads it (under a second): importing some 240 modules leaves this process
    untouched, and a library that patches the standard library does not change the corpus.

    Raises:
        DatasetError: when the child interpreter that reads the documentation fails.
    """
    # -I and -S: without the environment's settings, the working folder and site-packages.
    command = [sys.executable, "-I", "-S", "-W", "ignore", str(Path(__file__).with_name(_READER))]
    try:
        child = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        lines = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines()
        raise DatasetError(
            f"The corpus 'pydocs' could not be read by {sys.executable!r}: {lines[-1] if lines else error}. "
            "It needs a regular Python interpreter; give a folder in BEIR's layout where there is none."
        ) from error
    return [(id_, title, text) for id_, title, text in json.loads(child.stdout)]
