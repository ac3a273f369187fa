"""Build the base image if it is missing; print name, digest and seconds."""

import sys
import time

from agentsandbox.errors import SandboxError
from agentsandbox.images import ensure_image

if __name__ == "__main__":
    started = time.monotonic()
    try:
        image = ensure_image(progress=lambda line: print(line, flush=True))
    except SandboxError as e:
        sys.exit(f"images: {e}")
    print(image.name, image.digest, f"{time.monotonic() - started:.1f} s")
