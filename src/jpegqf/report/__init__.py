"""Results files of a scan -> one self-contained HTML page: columns -> aggregate -> figures -> page."""
