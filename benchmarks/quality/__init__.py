"""How well the detectors find what sellers hide, measured on other people's real titles and names."""
