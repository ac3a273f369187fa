"""What leaves in the forms that trainers and analysts read, made from the records alone."""
