"""A page as a parser sees it."""

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
