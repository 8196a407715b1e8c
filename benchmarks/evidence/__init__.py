"""What evidence costs: exporting flagged listings as a bundle, beside a plain ``zip`` of the same files."""
