"""Customers and subscriptions from a file, for those whose system has no connector yet."""

from connectors.csv_file.connector import CsvFile

__all__ = ["CsvFile"]
