"""The open benchmark: whole invented marketplaces, and how well what is wrong on them is told from what is not."""
