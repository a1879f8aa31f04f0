"""The tests are a package so that `python -m tests.conformance_server` runs."""
