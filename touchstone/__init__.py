"""The words everyone here uses: frozen values, errors and configuration; pure, and imported by every other room."""

VERSION = "0.1.0"
