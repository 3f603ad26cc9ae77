"""A page as a parser sees it."""

import itertools
import re
from html.parser import HTMLParser

VOID = {"meta", "br", "input", "wbr"}


class Outline(HTMLParser):
    """The page's elements, its text, and every tag that does not match."""

    def __init__(self, page) -> None:
        super().__init__()
        self.stack, self.errors, self.elements, self.words = [], [], [], []
        self.scripts, self.styles = [], []
        self.feed(page)
        self.close()
        self.text = re.sub(r"\s+", " ", " ".join(self.words)).replace("\N{MINUS SIGN}", "-")

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.errors.append((tag, self.getpos()))

    def handle_data(self, data):
        if "script" in self.stack:
            self.scripts.append(data)
        elif "style" in self.stack:
            self.styles.append(data)
        else:
            self.words.append(data)


def assert_still(page):
    """A page is well formed, leads nowhere else, runs no script and loads nothing."""
    outline = Outline(page)
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert outline.errors == []
    assert outline.stack == []
    assert len(ids) == len(set(ids))
    wanted = {attributes["href"].lstrip("#") for tag, attributes in outline.elements if tag == "a"}
    wanted |= {name for _, a in outline.elements for name in (a.get("aria-labelledby") or "").split()}
    assert len(wanted) > 3
    assert wanted <= set(ids)
    foreign = {"script", "link", "img", "iframe", "object", "embed", "form"}
    assert not {tag for tag, _ in outline.elements} & foreign
    loading = {"src", "srcset", "href", "xlink:href", "action", "data", "poster", "style"}
    values = [
        value for _, attributes in outline.elements for key, value in attributes.items() if key in loading
    ]
    assert all(value.startswith("#") for value in values)
    assert not [key for _, attributes in outline.elements for key in attributes if key.startswith("on")]
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)[1]
    depth = list(itertools.accumulate((c == "{") - (c == "}") for c in style))
    assert (min(depth), max(depth), depth[-1]) == (0, 2, 0)
