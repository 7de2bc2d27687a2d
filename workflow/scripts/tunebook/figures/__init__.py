"""Results -> figures: panels of eight kinds, as a study's figures.yaml asks for them.

`spec` reads and checks what is asked and needs neither matplotlib nor pandas; `draw` draws it.
"""
