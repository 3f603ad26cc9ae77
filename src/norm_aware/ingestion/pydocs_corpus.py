"""Reads the corpus of `pydocs` out of the interpreter that runs this file, and writes it to stdout as JSON.

It imports the standard library only: `norm_aware.ingestion.pydocs` runs it where nothing else is installed.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import json
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

_PASSAGE_WORDS = 150
_SHORTEST_PASSAGE_WORDS = 25
_DOCSTRING_WORDS = 300

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
# Modules whose objects say that they come from elsewhere.
_HOMES = {
    "os": ("posix", "nt"),
    "posixpath": ("genericpath",),
    "ntpath": ("genericpath",),
}


def collect() -> list[tuple[str, str, str]]:
    """The corpus of this interpreter: `(id, title, text)` of each document, sorted by id.

    Imports every public module of the standard library into this process, whatever they warn of.
    """
    from pydoc_data.topics import topics

    return sorted([*_topic_passages(topics), *_docstrings()])


# --- the language reference ---


def _topic_passages(topics: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Passages of all topics; text that several topics share is met once, in the most specific of them."""
    sections = {topic: list(_sections(topic, text)) for topic, text in topics.items()}
    seen: set[str] = set()
    uses: Counter[str] = Counter()
    for topic in sorted(topics, key=lambda t: (len(sections[t]), len(t), t)):
        for heading, body in sections[topic]:
            for number, text in enumerate(_passages(body)):
                id_ = f"{topic}/{_slug(heading)}"
                if number:
                    id_ += "/" + _slug(" ".join(text.splitlines()[0].split()[:5]))
                if (words := " ".join(text.split())) in seen:
                    continue
                seen.add(words)
                uses[id_] += 1
                yield f"{id_}-{uses[id_]}" if uses[id_] > 1 else id_, f"{topic}: {_plain(heading)}", text


def _sections(topic: str, text: str) -> Iterator[tuple[str, str]]:
    """`(heading, body)` of each section: a heading is a line underlined by one repeated character.

    What stands above the first heading, or has none, goes by the topic's name.
    """
    parts = re.split(r"^(\S.*)\n([*=~^\"#-])\2+$", text.replace("\r\n", "\n"), flags=re.MULTILINE)
    headings, bodies = [topic, *parts[1::3]], [parts[0], *parts[3::3]]
    return zip(headings, bodies, strict=True)


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


def _plain(text: str) -> str:
    """Without quotes and emphasis, but with the star of `"except*"`, which is another clause."""
    return re.sub(r"\*(?!\")|(?<!\w)\*|[\"`]", "", text)


def _slug(text: str) -> str:
    return re.sub(r"[^\w.*]+", "-", _plain(text)).strip("-.")


# --- docstrings ---


def _docstrings() -> Iterator[tuple[str, str, str]]:
    """Docstrings of public modules and what they define, each object under the first name that fits."""
    seen: set[int] = set()
    for name, module in _modules():
        if module.__doc__:
            yield name, name, _clip(inspect.cleandoc(module.__doc__))
        prefix = "" if name == "builtins" else f"{name}."
        public = {key: value for key, value in vars(module).items() if not key.startswith("_")}
        # An alias (IOError) comes after the name that the object gives itself (OSError).
        for key in sorted(public, key=lambda k: (getattr(public[k], "__name__", k) != k, k)):
            value = public[key]
            if not (inspect.isclass(value) or inspect.isroutine(value)) or id(value) in seen:
                continue
            if _belongs(value, key, module):
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


def _belongs(value: object, key: str, module: ModuleType) -> bool:
    """Whether an object is the module's own: defined there, in a submodule, or out of sight and exported."""
    home = getattr(value, "__module__", None) or ""
    name = module.__name__
    return (
        home in (name, f"_{name.rpartition('.')[2]}", *_HOMES.get(name, ()))
        or home.startswith(f"{name}.")
        or (home.startswith("_") and key in getattr(module, "__all__", ()))
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
            text = f"{last}{_signature(value)}\n\n{text}"
    return _clip(text)


def _signature(function: Callable[..., object]) -> str:
    """The signature without annotations; of the defaults only literals, the others as `...`.

    The others show an address, the order of a set, a path of this machine, or all of `os.environ`.
    """
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=parameter.empty, default=_default(parameter.default))
        for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=parameters, return_annotation=signature.empty))


def _default(default: object) -> object:
    literals = (type(None), bool, int, float, str, bytes)
    is_path = isinstance(default, str) and Path(default).is_absolute()
    return (
        default
        if default is inspect.Parameter.empty or (type(default) in literals and not is_path)
        else _Elided()
    )


class _Elided:
    def __repr__(self) -> str:
        return "..."


def _clip(text: str) -> str:
    """The first lines of a text, up to 300 words: no encoder reads further, and a prompt stays bounded."""
    lines = text.splitlines()
    while _words(lines) > _DOCSTRING_WORDS and len(lines) > 1:
        lines.pop()
    return "\n".join(lines).strip()


if __name__ == "__main__":
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        corpus = collect()
    json.dump(corpus, sys.stdout)
