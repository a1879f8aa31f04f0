"""What stands right behind what, as far as that is certain: where it is, nothing has to be walked past.

In YATA lines do not cross: behind a unit stands only what was put behind it, or behind that. So nothing is walked past
where nobody has put anything behind a unit; where all that was put there went right behind it, one in front of the
other, and this goes in front of the last of them; and between two units that were written one behind the other, with
nothing put between them since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.collaboration.encoding.homes import UNSURE, are_attributes

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.encoding.known import Known
    from coursewire.namespaces.collaboration.encoding.reading import Update
    from coursewire.namespaces.collaboration.encoding.structs import Id, Struct


class Neighbours:
    """What an update changes of it: is told of its new structs, one after the other, as they are put in."""

    __slots__ = ("_known", "_update", "behind", "disputed", "firsts", "homes")

    def __init__(self, update: Update, known: Known) -> None:
        self._update = update
        self._known = known
        self.behind: dict[Id, Id] = {}
        """By a unit that something was put behind: what stands there now."""
        self.homes: dict[Id, Id] = {}
        """By the same, unless it is in text that was there: the element that it is in."""
        self.firsts: dict[Id, Id] = {}
        """By an element: what was put first."""
        self.disputed: set[Id] = set()
        """In front of which something was put that may not stand right behind what it was put behind."""

    def put(self, struct: Struct, home: Id) -> bool:
        """Put in a struct that is new; return whether it is certain that nothing is walked past for it."""
        left, right = struct.left, struct.right
        if left is None:
            first = self.firsts.get(home)
            is_sure = not are_attributes(home) and (
                (self._known.first_in(home) if first is None else first) == right
            )
            self.firsts[home] = (struct.client, struct.clock) if is_sure else UNSURE
        else:
            goes_on = left[1] == struct.clock - 1 and left[0] == struct.client
            is_sure = (goes_on and self._is_last(left)) or self._stands_behind(left, right)
            self.behind[left] = (struct.client, struct.clock) if is_sure else UNSURE
            if home not in self._known.texts:
                self.homes[left] = home
        if right is not None and not is_sure:
            self.disputed.add(right)
        return is_sure

    def _is_last(self, left: Id) -> bool:
        """Whether nothing was put behind the last unit of a struct, which is of this update."""
        return left not in self.behind and not self._known.has(left)

    def _stands_behind(self, left: Id, right: Id | None) -> bool:
        """Whether it is known what stands behind a unit, and it is this, or nothing was ever put there."""
        known = self._known
        behind = self.behind.get(left)
        if behind is None:
            behind = known.right_behind(left)
        if behind is not None:
            return behind == right and right not in self.disputed and right not in known.disputed
        if known.has(left):
            has_behind, ends_run = known.has_behind(left), known.ends_run(left)
        else:
            struct = self._update.structs[self._update.at(left)]
            has_behind, ends_run = False, left[1] == struct.clock + struct.size - 1
        if has_behind:
            return False
        return ends_run or right == (left[0], left[1] + 1)
