"""The small campus of `coursewire demo`: a teacher, two students, their rooms, and a class that works by itself.

people         who is there
sign_in        sign-in without a password
seeding        what an empty campus is filled with
syllabus       what there is to work on, and which milestones there are
learner        how one simulated learner works
class_at_work  the simulated class, in the past and from now on
essays         what the analysis jobs read
analysis       what they compute
grading        the worker that runs them
living         what runs as long as the campus is open
"""

from coursewire.demo.living import living
from coursewire.demo.people import COURSE, PEOPLE
from coursewire.demo.seeding import seed
from coursewire.demo.sign_in import announce, router

__all__ = ["COURSE", "PEOPLE", "announce", "living", "router", "seed"]
