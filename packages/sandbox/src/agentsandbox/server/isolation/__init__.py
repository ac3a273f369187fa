"""What keeps a box apart from its surroundings, where its backend does not."""
