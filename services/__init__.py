"""What runs, and what it knows."""
