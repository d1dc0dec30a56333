"""Was an image saved before its last save, on the same grid or another, and at which quality?"""
