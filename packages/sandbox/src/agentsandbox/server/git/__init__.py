"""The workdir as a git repository."""
