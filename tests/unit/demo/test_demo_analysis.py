"""What the demo's jobs compute: the figures of small texts that can be checked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from coursewire.demo import analysis
from coursewire.demo.essays import DRAFTS, ESSAYS
from coursewire.demo.grading import PLANS


@pytest.mark.parametrize(
    ("word", "count"),
    [("cat", 1), ("machine", 2), ("table", 2), ("tree", 1), ("recursion", 3), ("rhythm", 1), ("the", 1)],
)
def test_syllables(word: str, count: int) -> None:
    assert analysis.syllables(word) == count


def test_reading_ease_is_flesch() -> None:
    text = "The cat sat on the mat. " * 10  # 6 words a sentence, 1 syllable a word
    found = analysis.readability("x", text)
    assert (found.words_per_sentence, found.syllables_per_word) == (6, 1)
    assert found.ease == pytest.approx(206.835 - 1.015 * 6 - 84.6)


def test_diversity_is_the_share_of_different_words_within_fifty() -> None:
    assert analysis.vocabulary("x", "one two " * 50).diversity == pytest.approx(2 / 50)
    different = " ".join(f"{first}{second}" for first in "abcdefgh" for second in "abcdefgh")
    assert analysis.vocabulary("x", different).diversity == 1


def test_similarity_of_the_same_and_of_nothing_in_common() -> None:
    vectors = analysis.weights({"a": "sorting lists", "b": "lists of sorting", "c": "bread and butter"})
    assert analysis.similarity(vectors["a"], vectors["b"]) == pytest.approx(1)
    assert analysis.similarity(vectors["a"], vectors["c"]) == 0


def test_topics_are_frequent_and_no_stopwords() -> None:
    text = "A list is a list. The list of the lists has a loop, and it has a loop."
    assert analysis.keywords(text, 2) == ["list", "loop"]
    assert analysis.covered("Where is my loop?", ["list", "loop"]) == 0.5


def test_a_text_that_is_too_short_says_whose_it_is_and_what_is_missing() -> None:
    with pytest.raises(
        analysis.TooShort, match=r"^Priya: 20 words are too few to analyse; it takes at least 60$"
    ):
        analysis.readability("Priya", DRAFTS["Priya"])


@pytest.mark.parametrize("plan", PLANS[:2])
def test_a_plan_takes_the_steps_that_it_announces_and_has_a_result(plan: Any) -> None:
    result: dict[str, Any] = {}
    assert len(list(plan.steps(result))) == plan.total
    assert result


def test_the_essays_are_not_copies_of_each_other() -> None:
    vectors = analysis.weights(ESSAYS)
    assert (
        max(analysis.similarity(vectors[one], vectors[two]) for one, two in analysis.pairs(list(ESSAYS)))
        < 0.5
    )
