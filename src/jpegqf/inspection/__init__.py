"""One image, in any form -> Findings -> one record."""
