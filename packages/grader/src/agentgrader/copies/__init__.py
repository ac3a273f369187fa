"""Copies of required tests, some true and some false, that take the tests' places in a second run."""
