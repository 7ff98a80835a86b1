"""What was published about the data sets: split files and counts."""
