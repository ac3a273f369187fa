"""What a task's archive holds."""

import io
import tarfile


def files_in(tree: bytes) -> list[str]:
    """Paths of the files of a tar archive."""
    with tarfile.open(fileobj=io.BytesIO(tree)) as tar:
        return [member.name.removeprefix("./") for member in tar if member.isreg() or member.islnk()]
