"""What an agent can do in the box."""
