"""Which product of a catalog a listing is, told from what shops write: titles, model numbers, measures, prices."""
