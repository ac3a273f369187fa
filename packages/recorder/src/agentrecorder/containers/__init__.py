"""Files that logs come in: documents, lines, archives and folders, read piece by piece where they are large."""
