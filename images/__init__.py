"""How the images are built; nothing in them imports this."""
