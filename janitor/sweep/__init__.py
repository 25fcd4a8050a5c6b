"""What a sweep controller reads and writes."""
