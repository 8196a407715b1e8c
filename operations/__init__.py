"""The use cases, one short module for each verb; the only room that wires crawler, detectors and storage together."""
