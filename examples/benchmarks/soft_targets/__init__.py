"""What do soft targets cost, and what do they give?"""
