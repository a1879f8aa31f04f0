"""What the demo's analysis jobs compute of essays. Pure: text in, figures out."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

_WORD: Final = re.compile(r"[A-Za-z]+(?:['\u2019][A-Za-z]+)?")
_SENTENCE_END: Final = re.compile(r"[.!?]+(?=\s|$)")
_VOWELS: Final = re.compile(r"[aeiouy]+")
WINDOW: Final = 50
"""Words among which different ones are counted: a share over a whole text falls with its length."""
WORDS_AT_LEAST: Final = 60
"""Fewer say nothing about how somebody writes."""
_STOPWORDS: Final = """
a about all also an and any are as at be because been but by can could did do does for from had has have he her his
how i if in into is it its just me more my no not of on one only or other our out over she so some such than that the
their them then there these they this those to too up was we were what when where which who why will with would you
your
"""
STOPWORDS: Final = frozenset(_STOPWORDS.split())
LETTERS_AT_LEAST: Final = 3
"""Of a word that may be a topic."""


class TooShort(ValueError):  # noqa: N818 - says what the text is
    """A text has too few words for an analysis; the message says which and how many."""


class Vocabulary(NamedTuple):
    """How rich the words of a text are."""

    words: int
    diversity: float
    """The mean share of different words within any 50 in a row, 0 to 1."""


class Readability(NamedTuple):
    """How easily a text reads."""

    words_per_sentence: float
    syllables_per_word: float
    ease: float
    """Flesch's reading ease (1948): 206.835 - 1.015 words per sentence - 84.6 syllables per word; about 0 to 100."""


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


def vocabulary(name: str, text: str) -> Vocabulary:
    """Measure how many different words a text uses. Raises TooShort."""
    found = _enough(name, text)
    width = min(WINDOW, len(found))
    shares = [len(set(found[start : start + width])) / width for start in range(len(found) - width + 1)]
    return Vocabulary(len(found), sum(shares) / len(shares))


def readability(name: str, text: str) -> Readability:
    """Measure how easily a text reads. Raises TooShort."""
    found = _enough(name, text)
    sentences = max(1, len(_SENTENCE_END.findall(text)))
    per_sentence = len(found) / sentences
    per_word = sum(map(syllables, found)) / len(found)
    return Readability(per_sentence, per_word, 206.835 - 1.015 * per_sentence - 84.6 * per_word)


def syllables(word: str) -> int:
    """Count the syllables of an English word, nearly: its groups of vowels, without a silent e at its end."""
    groups = len(_VOWELS.findall(word))
    if word.endswith("e") and not word.endswith(("le", "ee")) and groups > 1:
        groups -= 1
    return max(1, groups)


def keywords(text: str, most: int = 8) -> list[str]:
    """Return the words that a text is about: the most frequent ones that are no stopwords."""
    counted = Counter(word for word in words(text) if word not in STOPWORDS and len(word) >= LETTERS_AT_LEAST)
    return [word for word, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:most]]


def covered(text: str, wanted: Sequence[str]) -> float:
    """Return the share of the wanted words that a text uses."""
    found = set(words(text))
    return sum(word in found for word in wanted) / len(wanted) if wanted else 0.0


def weights(texts: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return for each text how much each of its words tells it from the others (tf-idf), as vectors of length 1."""
    counted = {
        name: Counter(word for word in words(text) if word not in STOPWORDS) for name, text in texts.items()
    }
    holders = Counter(word for found in counted.values() for word in found)
    vectors: dict[str, dict[str, float]] = {}
    for name, found in counted.items():
        raw = {
            word: count * math.log((1 + len(texts)) / (1 + holders[word])) for word, count in found.items()
        }
        length = math.sqrt(sum(value * value for value in raw.values())) or 1.0
        vectors[name] = {word: value / length for word, value in raw.items()}
    return vectors


def similarity(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return the cosine between two vectors of length 1: 0 for nothing in common, 1 for the same words."""
    return sum(value * other.get(word, 0.0) for word, value in one.items())


def pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return every two of them."""
    return list(combinations(names, 2))


def _enough(name: str, text: str) -> list[str]:
    found = words(text)
    if len(found) < WORDS_AT_LEAST:
        raise TooShort(
            f"{name}: {len(found)} words are too few to analyse; it takes at least {WORDS_AT_LEAST}"
        )
    return found
