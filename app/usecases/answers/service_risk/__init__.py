"""The risk of one service: availability, importance, cut sets, loss, goal.

Each question is one file; `ask` finds and computes what they share.
"""
