"""What is known so far of a run: files shown and changed, requests and their answers, best test results."""
