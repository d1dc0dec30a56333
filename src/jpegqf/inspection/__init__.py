"""One image, in any form -> Findings -> one record, words, a picture, or numbers for a page."""
