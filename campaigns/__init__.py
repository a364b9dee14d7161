"""Why it happens: the campaign, its rulebook, tasks, assessments and frozen weeks."""
