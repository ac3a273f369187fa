"""The ``agentgrader`` command: ``python -m agentgrader --help``."""

from agentgrader.cli.app import main

if __name__ == "__main__":
    main()
