"""Sweeps on a clock, tried at length: real processes and the demo marketplaces, with the clock running faster."""
