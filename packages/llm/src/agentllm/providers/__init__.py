"""One module a protocol: requests in its form, answers and errors in ours."""
