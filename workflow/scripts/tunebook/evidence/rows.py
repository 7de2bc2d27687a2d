"""How uncertain a mean is because the test rows are only some of those that there could be.

Where every replicate is tested on the same rows, an interval over replicates says what other
trainings would give on these rows. What they would give on other rows of the same kind, it cannot
say: luck with the rows is the same luck in every replicate, and no number of replicates shows it.
"""

import math

import numpy as np


def over_rows(values):
    """The part of the standard error of the mean of `values` [R, N] that the test rows bring.

    values: what each of N test rows adds to a metric in each of R replicates, of one network, or
    the difference between two networks replicate by replicate and row by row.

    It is an analysis of variance with two random effects and no repetition (Searle, Casella and
    McCulloch, "Variance Components", 1992, chapter 4): y_rn = m + a_r + b_n + e_rn, with
    variances A of replicates, B of rows and E of the rest. The mean of all has the variance
    A/R + B/N + E/(R N). The spread of the R replicates' means, and so every interval over
    replicates, estimates A/R + E/(R N); what it lacks is B/N. The N means over replicates have the
    variance s2_rows, expected B + E/R, and the rest the mean square s2_rest, expected E:

        sqrt(max(0, s2_rows / N - s2_rest / (R N)))

    Share of 1,000 test sets, each with trainings of its own, for which the true accuracy lies
    outside of an interval (90 %, with a standard deviation of 0.6 points between replicates on
    infinitely many rows; `intervals.Mean`, without and with this):

        R, N                5, 200    5, 2000    10, 200    10, 2000
        over replicates     7.0 %     6.0 %      18 %       12 %
        over both           4.0 %     4.4 %      3.9 %      4.5 %

    That replicates and rows both have to be resampled, and rows alone or replicates alone give
    intervals that are too narrow: Owen, "The pigeonhole bootstrap", Annals of Applied Statistics
    1(2), 2007. Not a number for fewer than two replicates or rows, which do not tell B from E.
    """
    values = np.asarray(values, dtype=float)
    replicates, rows = values.shape
    if replicates < 2 or rows < 2:
        return math.nan
    of_row = values.mean(axis=0)
    rest = values - of_row - values.mean(axis=1, keepdims=True) + values.mean()
    s2_rest = (rest**2).sum() / ((replicates - 1) * (rows - 1))
    return math.sqrt(max(0.0, of_row.var(ddof=1) / rows - s2_rest / (replicates * rows)))
