"""The default dataset: questions over the documentation that every Python installation carries.

The corpus is read from the running interpreter, so there is nothing to download and nothing to
redistribute:

- the language reference (`pydoc_data.topics`), cut into passages by section;
- the docstrings of the standard library's public modules, classes, functions, methods and properties, the
  trivial ones included: they are the junk that real corpora have.

It differs a little between Python versions; judgements of documents that a version lacks are left to the
reader to drop. The documents are collected by a child interpreter that sees neither site-packages nor the
environment, so importing several hundred modules leaves this process untouched, and a library that patches
the standard library does not change the corpus.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import json
import re
import subprocess
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from types import ModuleType

_QUESTIONS = "pydocs_questions.jsonl"
_PASSAGE_WORDS = 150
_SHORTEST_PASSAGE_WORDS = 25
_DOCSTRING_WORDS = 300
_TIMEOUT_SECONDS = 120

# They open windows or browsers, print, touch the terminal, or are tests, tools and platform twins.
_SKIPPED = frozenset(
    """
    antigravity distutils encodings ensurepip genericpath idlelib lib2to3 msilib nt ntpath posix posixpath
    pydoc_data readline rlcompleter test this tkinter turtle turtledemo
    """.split()  # noqa: SIM905  # a paragraph of names, not one a line
)
# The submodules that programs import by name; the rest is met through its package.
_SUBMODULES = """
    collections.abc concurrent.futures email.header email.message email.mime.multipart email.mime.text
    email.parser email.policy email.utils html.parser http.client http.cookiejar http.cookies http.server
    importlib.abc importlib.machinery importlib.metadata importlib.resources importlib.util json.decoder
    json.encoder logging.config logging.handlers multiprocessing.managers multiprocessing.pool
    multiprocessing.shared_memory os.path unittest.mock urllib.error urllib.parse urllib.request
    urllib.robotparser wsgiref.simple_server xml.dom.minidom xml.etree.ElementTree xmlrpc.client
    xmlrpc.server
""".split()  # noqa: SIM905
# Modules whose objects are defined under another name than their own with an underscore.
_HOMES = {
    "os": ("posix", "nt"),
    "os.path": ("posixpath", "ntpath", "genericpath"),
    "threading": ("_thread",),
}


@dataclass(frozen=True, slots=True)
class Question:
    """A question about Python, in the words of someone who does not know the name of the thing.

    Attributes:
        id: as in reports, `q001`.
        text: the question.
        answers: short gold answers, any of which is right.
        relevant: ids of the documents that answer it; some may be absent from this Python version.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    relevant: tuple[str, ...]


def read_questions() -> list[Question]:
    """The hand-written questions, in the order of their ids."""
    text = resources.files("norm_aware.benchmark").joinpath(_QUESTIONS).read_text(encoding="utf-8")
    records = [json.loads(line) for line in text.splitlines()]
    return [Question(r["_id"], r["text"], tuple(r["answers"]), tuple(r["relevant"])) for r in records]


def read_documents() -> list[tuple[str, str, str]]:
    """The corpus of this interpreter, sorted by id; the same at each call.

    Returns:
        `(id, title, text)` of each document. A docstring's id and title are its qualified name
        (`json.dumps`, `str.split`) and its text is at most 300 words, the signature included. A passage's
        id is made of its topic, its section and, after the section's first, its opening words
        (`comparisons/Value-comparisons/The-default-behavior-for-equality`), so that text added elsewhere
        does not rename it; its title is `comparisons: Value comparisons`.

    Raises:
        DatasetError: when the child interpreter that reads the documentation fails.
    """
    # Imported here because the child runs this file where norm_aware is not installed.
    from norm_aware.errors import DatasetError

    # -I and -S: without the environment, the working folder and site-packages.
    command = [sys.executable, "-I", "-S", "-W", "ignore", __file__]
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


def _collect() -> list[tuple[str, str, str]]:
    """Both halves of the corpus, read in this process."""
    from pydoc_data.topics import topics

    return sorted([*_topic_passages(topics), *_docstrings()])


# --- the language reference ---


def _topic_passages(topics: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Passages of all topics; text that several topics share is met once, in the most specific of them."""
    sections = {topic: list(_sections(text)) for topic, text in topics.items()}
    seen_texts: set[str] = set()
    seen_ids: set[str] = set()
    for topic in sorted(topics, key=lambda t: (len(sections[t]), len(t), t)):
        for heading, body in sections[topic]:
            for number, text in enumerate(_passages(body)):
                id_ = f"{topic}/{_slug(heading)}"
                if number:
                    id_ += "/" + _slug(" ".join(text.splitlines()[0].split()[:5]))
                if (words := " ".join(text.split())) not in seen_texts and id_ not in seen_ids:
                    seen_texts.add(words)
                    seen_ids.add(id_)
                    yield id_, f"{topic}: {_plain(heading)}", text


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """`(heading, body)` of each section: a heading is a line underlined by one repeated character."""
    text = text.replace("\r\n", "\n").strip("\n")
    headings = list(re.finditer(r"^(\S.*)\n([*=~^\"#-])\2+$", text, re.MULTILINE))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        yield heading[1], text[heading.end() : following.start() if following else len(text)]


def _passages(body: str) -> Iterator[str]:
    """Passages of up to 150 words that end between paragraphs; each definition starts a new one."""
    for block in _definitions(body):
        passages: list[list[str]] = [[]]
        for piece in _pieces(block):
            if passages[-1] and _words([*passages[-1], piece]) > _PASSAGE_WORDS:
                passages.append([])
            passages[-1].append(piece)
        if len(passages) > 1 and _words(passages[-1]) < _SHORTEST_PASSAGE_WORDS:
            rest = passages.pop()
            passages[-1] += rest
        yield from ("\n\n".join(passage) for passage in passages if _words(passage))


def _definitions(body: str) -> Iterator[list[str]]:
    """The paragraphs of a section, grouped: a signature above an indented text starts a group."""
    # Table rules hold no words.
    paragraphs = re.split(r"\n\s*\n", re.sub(r"^\s*\+[-=+]+\+$\n?", "", body, flags=re.MULTILINE).strip("\n"))
    group: list[str] = []
    for paragraph, following in zip(paragraphs, [*paragraphs[1:], ""], strict=True):
        is_signature = re.fullmatch(r"\S+.*\)|\S+\(\S+( .*)?", paragraph.replace("\n", " ")) is not None
        if group and is_signature and following.startswith("   "):
            yield group
            group = []
        group.append(paragraph)
    yield group


def _pieces(paragraphs: Iterable[str]) -> Iterator[str]:
    """Paragraphs, the over-long ones (tables, grammars) cut between lines."""
    for paragraph in paragraphs:
        piece: list[str] = []
        for line in paragraph.splitlines():
            if piece and _words([*piece, line]) > _PASSAGE_WORDS:
                yield "\n".join(piece)
                piece = []
            piece.append(line)
        yield "\n".join(piece)


def _words(texts: Iterable[str]) -> int:
    return sum(len(text.split()) for text in texts)


def _plain(heading: str) -> str:
    return re.sub(r"[\"*`]", "", heading)


def _slug(text: str) -> str:
    return re.sub(r"[^\w.]+", "-", text).strip("-.")


# --- docstrings ---


def _docstrings() -> Iterator[tuple[str, str, str]]:
    """Docstrings of public modules and what they define, each object under the first name that fits."""
    seen: set[int] = set()
    for name, module in _modules():
        if module.__doc__:
            yield name, name, _clip(inspect.cleandoc(module.__doc__))
        prefix = "" if name == "builtins" else f"{name}."
        public = {
            key: vars(module)[key] for key in dir(module) if not key.startswith("_") and key in vars(module)
        }
        # An alias (IOError) comes after the name that the object gives itself (OSError).
        for key in sorted(public, key=lambda k: (getattr(public[k], "__name__", k) != k, k)):
            value = public[key]
            if not (inspect.isclass(value) or inspect.isroutine(value)) or id(value) in seen:
                continue
            if _is_defined_in(value, name):
                seen.add(id(value))
                yield from _documents(f"{prefix}{key}", value)


def _modules() -> list[tuple[str, ModuleType]]:
    names = {name for name in sys.stdlib_module_names if not name.startswith("_")} - _SKIPPED
    modules = []
    for name in sorted(names | set(_SUBMODULES)):
        # Whatever a module of another platform or an incomplete build raises, it has no documents here.
        with contextlib.suppress(Exception):
            modules.append((name, importlib.import_module(name)))
    return modules


def _is_defined_in(value: object, module: str) -> bool:
    """Whether an object comes from the module, a submodule of it, or its accelerator in C."""
    home = getattr(value, "__module__", None) or ""
    return home in (module, f"_{module.rpartition('.')[2]}", *_HOMES.get(module, ())) or home.startswith(
        f"{module}."
    )


def _documents(name: str, value: object) -> Iterator[tuple[str, str, str]]:
    """A class with what its body defines, or a function."""
    members = vars(value).copy() if inspect.isclass(value) else {}
    docstring = members.get("__doc__") if members else value.__doc__
    if isinstance(docstring, str) and docstring.strip():
        yield name, name, _describe(value, name, docstring)
    for key, member in sorted(members.items()):
        function = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
        if key.startswith("_") or not (inspect.isroutine(function) or inspect.isdatadescriptor(function)):
            continue
        docstring = getattr(function, "__doc__", None)
        if isinstance(docstring, str) and docstring.strip():
            yield f"{name}.{key}", f"{name}.{key}", _describe(function, key, docstring)


def _describe(value: object, name: str, docstring: str) -> str:
    """The docstring under the signature, unless it begins with one or there is none."""
    last = name.rpartition(".")[2]
    text = inspect.cleandoc(docstring)
    if callable(value) and not text.startswith(f"{last}("):
        # What has no signature, or names a default of another platform in it, raises one error or another.
        with contextlib.suppress(Exception):
            # A default that is an object shows its address, which is another in each run.
            signature = re.sub(r" at 0x[0-9A-Fa-f]+", "", str(inspect.signature(value)))
            text = f"{last}{signature}\n\n{text}"
    return _clip(text)


def _clip(text: str) -> str:
    """The first lines of a text, up to 300 words: no encoder reads further, and a prompt stays bounded."""
    lines = text.splitlines()
    while _words(lines) > _DOCSTRING_WORDS and len(lines) > 1:
        lines.pop()
    return "\n".join(lines).strip()


if __name__ == "__main__":  # the child of `read_documents`
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        corpus = _collect()
    json.dump(corpus, sys.stdout)
