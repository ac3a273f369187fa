"""The package imports without an engine, a browser or a network."""

import agentgrader


def test_the_package_says_what_it_is_for() -> None:
    assert agentgrader.__doc__
