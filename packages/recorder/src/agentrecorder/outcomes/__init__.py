"""What files beside a log say of its outcome."""
