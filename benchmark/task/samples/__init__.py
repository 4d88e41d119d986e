"""The choice of samples for training, validation and scoring.

Begin with `sample_choice.SampleChoice`: the runner and the verifier both use it. `preparation` has
the rules for sources and targets, and `sample_division` draws and divides rows. `target_parts`
chooses the samples of a target that methods on other tracks may see.
"""
