"""The code that tasks are made from: pinned libraries and folders of one's own, as trees in the store."""
