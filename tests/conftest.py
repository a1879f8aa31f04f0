"""What all tests share: how long Hypothesis looks, and that no example fails for being slow."""

from hypothesis import settings

settings.register_profile("tests", deadline=None, print_blob=True)
settings.register_profile("fuzz", deadline=None, print_blob=True, max_examples=5_000, stateful_step_count=100)
settings.load_profile("tests")
