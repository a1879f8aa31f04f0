"""What the simulated class has written: short essays on what machines cannot do, and drafts of the next one."""

from __future__ import annotations

from typing import Final

ESSAYS: Final[dict[str, str]] = {
    "Amara": (
        "A machine follows rules. It can follow them faster than any of us, and it never gets tired, but it does not "
        "know why a rule is there. When my grandmother bakes bread she changes the recipe with the weather. A machine "
        "could be told about the weather too. Somebody would have to know that weather matters, and write that down. "
        "So I think a machine cannot care which question is the right one. It answers the question that it was given, "
        "even when the answer helps nobody. People ask better questions when an answer surprises them."
    ),
    "Dmitri": (
        "There are problems that no program can solve, however long it runs. The best known asks whether a program "
        "will ever stop. Suppose that a program could tell. Then we could write another one that asks about itself and "
        "does the opposite, and whatever the first one answers is wrong. This proof needs no electricity and no "
        "particular computer. It is about every list of instructions that could ever be written. I find it comforting "
        "that a limit can be proved with nothing but patience and a pencil."
    ),
    "Elif": (
        "People often say that machines cannot be creative. I am not sure. A program can put together words or "
        "colours that nobody has put together before, and some of them are beautiful. What it cannot do is be "
        "embarrassed by its first attempt. When I write a poem I throw most of it away, because I imagine a reader. A "
        "program throws away what scores badly. The score was chosen by a person. Perhaps creativity is not in the "
        "making but in the throwing away, and in knowing for whom one does it."
    ),
    "Finn": (
        "My brother works in a hospital, where a program looks at pictures of lungs. It finds shadows that a tired "
        "doctor would miss. Still, it cannot sit down beside a patient and explain what the shadow means. It cannot "
        "decide that today is a bad day for bad news. Some would say that a robot with a kind voice could do that. "
        "But a patient wants somebody who could also be ill one day. Trust is not a matter of being right. It is a "
        "matter of having something to lose."
    ),
    "Hana": (
        "A computer stores every number with a fixed count of bits. Therefore it cannot store one third, only "
        "something near it. Most of the time nobody notices. When small errors are added again and again, they grow, "
        "and a bank or a rocket may notice. We can keep fractions instead of decimals, and pay with time and memory. "
        "Even then, numbers like the length of a diagonal do not fit. So there is much that a machine cannot do "
        "exactly, and a good programmer knows how far the result may be from the truth."
    ),
    "Ines": (
        "When I was small I thought that the machine at the supermarket knew my mother, because it always said her "
        "name. It read the name from a card. Machines cannot know somebody. They can know a great many facts about a "
        "person, and guess what that person will buy. Knowing somebody means that you may be wrong about them, and "
        "that they may correct you, and that both of you are changed by it. A list of facts does not change when it "
        "is corrected. It only becomes longer, or shorter, or different."
    ),
    "Jonas": (
        "Sorting a thousand names takes a computer less time than a blink. Finding the shortest way through a thousand "
        "towns takes longer than the sun will shine, if you try every way. The difference is not the speed of the "
        "machine. It is how the number of tries grows. For some problems we know clever ways around, for others we "
        "only know that nobody has found one. So machines cannot simply be made faster until they solve everything. "
        "We have to accept an answer that is good enough, and to prove how good it is."
    ),
    "Kavya": (
        "The question sounds as if there were a border, with machines on one side and people on the other. I think "
        "the border moves. Chess was on our side once. Then it was said that chess needs no real thinking. Whenever a "
        "machine learns something, we say that this was never the human part. Maybe nothing is left in the end, and "
        "that would not be sad. A person who swims does not mind that ships are faster. What machines cannot do is "
        "enjoy the water. I cannot prove it, and neither can they."
    ),
    "Lucia": (
        "A program that learns from examples repeats what the examples say. If a school has always given the best "
        "marks to children with certain names, the program will do the same, and it will call that accuracy. It "
        "cannot notice that something is unfair, because fairness is not in the examples. Somebody has to look at the "
        "result and say that it must not be so. Rules can be added, and then the rules repeat what their authors "
        "thought. A machine cannot be responsible. Responsibility stays with whoever switched it on."
    ),
    "Malik": (
        "I asked my phone to tell me a joke, and it told me one that I knew. I asked for another, and it was funny, "
        "but not on purpose. A joke works when two people see the same thing at the same moment. The machine did not "
        "see anything. It picked words that often follow each other in jokes. I laughed alone. That is what machines "
        "cannot do: they cannot be there. They can send a message to somebody who is there, and that is useful enough "
        "for me, because my friends live far away."
    ),
}
"""Original texts, by who is said to have written them."""

DRAFTS: Final[dict[str, str]] = {
    "Nora": (
        "Recursion is when a function calls itself. I did not believe that this could end, until I drew it on paper. "
        "Each call is a smaller copy of the problem, like a doll in a doll. The smallest doll cannot be opened, and "
        "that is where it stops. If you forget the smallest doll, it never stops, and the computer runs out of memory. "
        "I want to write about family trees next, because there the dolls have two dolls inside."
    ),
    "Oskar": (
        "In the kitchen we have one drawer for everything. To find the scissors you look at every single thing. If the "
        "things were sorted by their size, you could begin in the middle, and then look at only one half, and again "
        "at only one half of that. My mother says that sorting the drawer takes longer than looking for the scissors "
        "ten times. That is exactly what my essay will be about: when is it worth it to sort something first?"
    ),
    "Priya": "My draft will be about prime numbers, and why they are used for secrets. I have not begun yet, sorry!",
    "Yuki": (
        "A list is like a train, and you can only reach the last car by walking through all the others. An array is "
        "like a hotel, where every room has a number and the lift goes everywhere. If a guest arrives between two "
        "rooms, the hotel has to move everybody by one door, while the train only opens a coupling. I will compare "
        "both of them, and measure how long it takes to add a hundred thousand guests."
    ),
}
"""Of these one has hardly been begun."""
