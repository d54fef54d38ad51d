"""What the promises are kept with: audit trail, deletion, privacy, Messages, receipts, error log."""
