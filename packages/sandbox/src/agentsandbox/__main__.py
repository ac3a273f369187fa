"""The ``agentsandbox`` command: ``python -m agentsandbox --help``."""

from agentsandbox.cli.app import main

if __name__ == "__main__":
    main()
