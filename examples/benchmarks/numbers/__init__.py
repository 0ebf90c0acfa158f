"""Wrong numbers: what does it cost to leave them, to drop them, to repair them?"""
