"""The demo: the product's promise told as a story on real data."""
