"""From the options of a run to its records: inputs, plan, trials, workers."""
