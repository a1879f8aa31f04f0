"""Who is at the demo campus: three to sign in as, and a class that the simulation plays."""

from __future__ import annotations

from typing import Final

from coursewire.vocabulary import Role

COURSE: Final = "cs101"
TITLE: Final = "Introduction to Computer Science"

PEOPLE: Final[dict[str, tuple[str, Role]]] = {
    "ada": ("Ada Lovelace", "instructor"),
    "ben": ("Ben Okafor", "learner"),
    "cleo": ("Cleo Marín", "learner"),
}
"""They can be signed in as. What they do while the campus is open is up to whoever does."""

CLASSMATES: Final[dict[str, str]] = {
    "amara": "Amara Diallo",
    "dmitri": "Dmitri Volkov",
    "elif": "Elif Kaya",
    "finn": "Finn Gallagher",
    "hana": "Hana Suzuki",
    "ines": "Inês Carvalho",
    "jonas": "Jonas Weber",
    "kavya": "Kavya Nair",
    "lucia": "Lucía Herrera",
    "malik": "Malik Rahman",
    "nora": "Nora Lindqvist",
    "oskar": "Oskar Zieliński",
    "priya": "Priya Desai",
    "quentin": "Quentin Moreau",
    "tomas": "Tomáš Novák",
    "yuki": "Yuki Tanaka",
}
"""Nobody signs in as them."""

AWAY: Final = ("quentin", "tomas")
"""They stopped coming more than a week ago, and do not pass: the two at risk."""
