"""How much a document takes, and how fast."""

from __future__ import annotations

from typing import Final

MOST_DOCUMENT: Final = 2 * 1024 * 1024
"""Bytes of a document, encoded: opening answers with all of it, and a connection that has more than four outboxes
waiting is closed."""
MOST_IN_PIECES: Final = 3 * 1024 * 1024
"""Bytes to which a document may grow by what is taken out of it in small pieces: 1.9 MB became 4.7 MB when 190,000
letters were, and nobody could open it any more."""
LEFT_BY_RANGE: Final = 16
"""Bytes that a document may grow by for each range that is taken out of it."""
MOST_EDITORS: Final = 40_000
"""Client ids that have written in a document, each visit's own: twelve bytes of a state vector each at most, which then
still fits into a command and an answer."""
MOST_EDITORS_OF_ONE: Final = MOST_EDITORS // 10
"""Client ids of one person, once half of all are taken: some 60 small updates could take all, and nobody else could
write any more. It is eleven visits a day for a year, in which they write."""
MEASURED_AGAIN: Final = 64 * 1024
"""Bytes of edits after which a full document is measured again."""
MEASURING_COST: Final = 16 * 1024
"""Bytes that measuring it counts for where something was deleted since: some 10 ms for many small paragraphs."""

UPDATES_PER_SECOND: Final = 20.0
"""That an editor should send at most: what is typed meanwhile goes together."""
BYTES_PER_SECOND: Final = 128 * 1024.0
"""Of edits, of one session, in the long run. A byte takes 0.3 to 0.7 us to read, check and apply when an edit is large
and of the costly kinds (docs/decisions/0013-documents.md): then this is less than a tenth of a processor."""
BYTES_AT_ONCE: Final = 1024 * 1024.0
"""Of edits, of one session, before that counts: a large paste, or what was written offline."""
LEAST_COST: Final = 256
"""Bytes that even the smallest edit counts for."""
STEPS_PER_BYTE: Final = 4
"""Units that may have to be walked past to put an edit in, which count as one more byte: up to 0.18 us each."""
RANGE_COST: Final = 16
"""Bytes that each deleted range counts for: it takes three, and 20 us in a long paragraph. An honest difference of
states has many, so it is no more."""
BREAKING_REST_S: Final = 5.0
"""Seconds in which nothing is taken from whoever sent an edit that passed every check and broke the document all the
same: it has to be loaded again."""
NOTED_S: Final = 0.001
SHARE: Final = 0.05
ON_CREDIT_S: Final = 4.0
"""What somebody's edits may take of a processor, of whatever kind they are, the refused ones too: each of more than
`NOTED_S` is paid with the time that follows, of which it may take its `SHARE`, and nothing is taken from whoever is
more than `ON_CREDIT_S` behind. That is 0.2 s of CPU at once, and a twentieth of a processor in the long run: so the
node stays the others', also before what nobody has thought of."""
MOST_LOADING_S: Final = 1.0
"""Of CPU that loading a document may take: nothing more is written into one that takes longer. Honest ones of 2 MB take
0.06 s; of 280 KB, put between two neighbours 40,000 times by two editors, 18 s."""
STATE_COST: Final = 8 * 1024
"""Bytes that opening a document and comparing states count for, on top of the state vector: 3 ms, of one of 2 MB."""


def noted(spent_s: float) -> float:
    """Return what an edit that took so long counts for: the usual ones for nothing, however many they are."""
    return spent_s if spent_s > NOTED_S else 0.0
