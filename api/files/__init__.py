"""Files: taken in, kept by their content, served to those who may read a message that has them."""
