"""Build the base image if it is missing: ``agentsandbox images build``."""

import sys

from agentsandbox.images.command import main

if __name__ == "__main__":
    sys.exit(main(["build"]))
