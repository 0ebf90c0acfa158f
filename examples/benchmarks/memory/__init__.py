"""Does a long run keep what it should have let go?"""
