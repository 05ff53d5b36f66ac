"""The modem's language (3GPP TS 27.007, ITU-T V.250) as a sans-IO core: lines, commands, values, error
words.
"""
