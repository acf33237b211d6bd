"""Full-text search: words of texts and of queries, the same on the side that indexes and the side that asks. Pure."""
