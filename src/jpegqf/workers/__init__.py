"""Worker processes that inspect images: if one crashes or hangs, only the image at hand is lost."""
