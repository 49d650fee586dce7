"""What the engines of clusters have in common: documents travel in chunks, and nothing but data comes back."""
