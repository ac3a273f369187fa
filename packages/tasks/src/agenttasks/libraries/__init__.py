"""The code that tasks are made from: pinned libraries and the user's own folders, as trees in the store."""
