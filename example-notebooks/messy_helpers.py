"""What messy.ipynb once had in a cell and moved out of sight."""


def add_compactness(table):
    """Adds a column to the table it is given."""
    table["own_compactness"] = table["mean_perimeter"] ** 2 / table["mean_area"] - 1.0


def summarize(notes):
    return {"notes": sorted(notes), "count": len(notes)}
